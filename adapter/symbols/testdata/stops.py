# Run by gdb: stops at each of the places given, writes one line of JSON for each
# stop: what a debugger could read there, and what gdb makes of it. Environment:
# REMOTE, where the guest's gdb server listens; PLACES, separated by spaces; MAXSTOPS.
import gdb
import json
import os
import struct

INT = ['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
       'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6']
FLOAT = ['ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1', 'fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5',
         'fa6', 'fa7', 'fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11']
MASK = (1 << 64) - 1
SCALARS = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_PTR)


def registers(frame):
    out = [int(frame.read_register(n)) & MASK for n in INT]
    for n in FLOAT:
        v = frame.read_register(n)
        out.append(struct.unpack('<Q', struct.pack('<d', float(v['double'])))[0])
    return out


def memory(addr, size):
    out = b''
    inferior = gdb.selected_inferior()
    while len(out) < size:
        n = min(size - len(out), 4096 - (addr + len(out)) % 4096)
        try:
            out += inferior.read_memory(addr + len(out), n).tobytes()
        except gdb.error:
            break
    return {'addr': addr, 'hex': out.hex()}


def goroutine():
    """What the current goroutine's stack is found by, and that stack, in Go programs."""
    def offset(typ, field):
        return next(f.bitpos // 8 for f in gdb.lookup_type(typ).fields() if f.name == field)

    def word(addr):
        return int.from_bytes(gdb.selected_inferior().read_memory(addr, 8).tobytes(), 'little')

    try:
        g = int(gdb.newest_frame().read_register('s11')) & MASK
        m = word(g + offset('runtime.g', 'm'))
        curg = word(m + offset('runtime.m', 'curg'))
        sp = word(curg + offset('runtime.g', 'sched') + offset('runtime.gobuf', 'sp'))
        return [memory(g, 1024), memory(m, 2048), memory(curg, 1024), memory(sp, 65536)]
    except (gdb.error, StopIteration):
        return []


def value(sym, frame):
    out = {'name': sym.name, 'type': str(sym.type), 'arg': sym.is_argument, 'line': sym.line}
    try:
        v = sym.value(frame)
        if v.is_optimized_out:
            out['missing'] = True
            return out
        code = v.type.strip_typedefs().code
        if code in SCALARS and v.type.sizeof <= 8:
            out['int'] = int(v) & ((1 << (8 * v.type.sizeof)) - 1)
        elif code == gdb.TYPE_CODE_FLT:
            out['float'] = struct.unpack('<Q', struct.pack('<d', float(v)))[0]
        elif v.address is not None:
            out['addr'] = int(v.address) & MASK
        else:
            out['other'] = True
    except gdb.error as e:
        out['missing'] = True
        out['why'] = str(e)
    return out


def variables(frame):
    out, seen = [], set()
    try:
        block = frame.block()
    except RuntimeError:
        return out
    while block is not None:
        for sym in block:
            if (sym.is_variable or sym.is_argument or sym.is_constant) and sym.name not in seen:
                seen.add(sym.name)
                out.append(value(sym, frame))
        if block.function is not None:
            break
        block = block.superblock
    return out


def frames():
    out, frame = [], gdb.newest_frame()
    while frame is not None and len(out) < 200:
        if frame.type() == gdb.TAILCALL_FRAME:
            frame = frame.older()
            continue
        sal = frame.find_sal()
        frame.select()
        info = gdb.execute('info frame', to_string=True)
        cfa = 0
        if 'Stack frame at' in info.split('\n')[0] or 'frame at' in info.split('\n')[0]:
            cfa = int(info.split('frame at ')[1].split(':')[0].split()[0], 16)
        elif 'inlined into frame' not in info:
            cfa = int(info.split('frame at ')[1].split()[0].rstrip(':'), 16)
        out.append({
            'pc': frame.pc(), 'name': frame.name() or '', 'inlined': frame.type() == gdb.INLINE_FRAME,
            'signal': frame.type() == gdb.SIGTRAMP_FRAME, 'line': sal.line, 'cfa': cfa, 'vars': variables(frame),
        })
        frame = frame.older()
    return out


def run():
    for c in ('set confirm off', 'set pagination off', 'set print entry-values no', 'set backtrace past-main on',
              'target remote ' + os.environ['REMOTE'], 'handle all nostop noprint pass'):
        gdb.execute(c, to_string=True)
    for p in os.environ['PLACES'].split():
        gdb.execute('break ' + p, to_string=True)
    segments = [(int(a, 16), int(b, 16)) for a, b in (s.split('-') for s in os.environ['DATA'].split())]
    with open(os.environ['OUT'], 'w') as f:
        for _ in range(int(os.environ['MAXSTOPS'])):
            try:
                gdb.execute('continue', to_string=True)
                frame = gdb.newest_frame()
            except gdb.error:
                break
            sp = int(frame.read_register('sp')) & MASK
            f.write(json.dumps({
                'pc': frame.pc(), 'regs': registers(frame),
                'mem': [memory(sp - 512, 512 + 65536)] + [memory(a, b - a) for a, b in segments] + goroutine(),
                'frames': frames(),
            }) + '\n')
    gdb.execute('kill', to_string=True)


run()
