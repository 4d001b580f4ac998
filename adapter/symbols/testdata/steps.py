# Run by gdb: steps from main to the end of the program and writes the address of
# each stop. Environment: REMOTE, where the guest's gdb server listens; OUT; SKIP,
# source files not to step into; MAXSTOPS.
import gdb
import os

for c in ('set confirm off', 'set pagination off', 'target remote ' + os.environ['REMOTE'],
          'skip -gfile ' + os.environ['SKIP'], 'break main', 'continue'):
    gdb.execute(c, to_string=True)
with open(os.environ['OUT'], 'w') as out:
    for _ in range(int(os.environ['MAXSTOPS'])):
        try:
            frame = gdb.newest_frame()
        except gdb.error:
            break
        out.write('%x\n' % frame.pc())
        if frame.name() == 'main' and frame.find_sal().line == int(os.environ['LASTLINE']):
            break
        gdb.execute('step', to_string=True)
gdb.execute('kill', to_string=True)
