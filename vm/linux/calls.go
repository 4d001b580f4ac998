package linux

import "fmt"

// handler executes a system call of thread t. It returns the result (a negated
// error number on failure), blocked, or noResult. The icount is still that
// before the call, the PC already that behind it.
//
// When t is blocked, this is another try of a call that waits for a file: what
// it waits for has changed. A try looks nowhere outside; one that must ends with
// [Machine.again].
type handler func(m *Machine, t *thread, a *[6]uint64) int64

// Special results.
const (
	blocked  = -1 << 63   // the thread waits; the result is written when it is woken
	noResult = -1<<63 + 1 // the registers are as they should be
)

// call is a system call of the table.
type call struct{ fn handler }

// calls is the system-call table, by the numbers of asm-generic/unistd.h, which
// callNames names. It is set by init because handlers refer back to it.
var calls [numCalls]call

func init() {
	calls = [numCalls]call{
		// Files
		5:   {constant(-eOPNOTSUPP)}, // setxattr: no file has extended attributes
		6:   {constant(-eOPNOTSUPP)}, // lsetxattr
		7:   {constant(-eOPNOTSUPP)}, // fsetxattr
		8:   {constant(-eOPNOTSUPP)}, // getxattr
		9:   {constant(-eOPNOTSUPP)}, // lgetxattr
		10:  {constant(-eOPNOTSUPP)}, // fgetxattr
		11:  {constant(-eOPNOTSUPP)}, // listxattr
		12:  {constant(-eOPNOTSUPP)}, // llistxattr
		13:  {constant(-eOPNOTSUPP)}, // flistxattr
		14:  {constant(-eOPNOTSUPP)}, // removexattr
		15:  {constant(-eOPNOTSUPP)}, // lremovexattr
		16:  {constant(-eOPNOTSUPP)}, // fremovexattr
		17:  {sysGetcwd},
		19:  {sysEventfd2},
		20:  {sysEpollCreate1},
		21:  {sysEpollCtl},
		22:  {sysEpollPwait},
		23:  {sysDup},
		24:  {sysDup3},
		25:  {sysFcntl},
		29:  {sysIoctl},
		32:  {sysFlock},
		33:  {sysMknodat},
		34:  {sysMkdirat},
		35:  {onPath(unlinkat)},
		36:  {sysSymlinkat},
		37:  {twoPaths(linkat)},
		38:  {twoPaths(renameat)},
		43:  {sysStatfs},
		44:  {sysFstatfs},
		45:  {sysTruncate},
		46:  {sysFtruncate},
		47:  {sysFallocate},
		48:  {sysFaccessat},
		49:  {sysChdir},
		50:  {sysFchdir},
		52:  {onFile(0, fchmod)},
		53:  {onPathTo(true, fchmodat)},
		452: {onPathTo(true, fchmodat2)},
		54:  {constant(0)}, // fchownat: files stay the user's
		55:  {constant(0)}, // fchown
		56:  {sysOpenat},
		57:  {sysClose},
		59:  {sysPipe2},
		61:  {sysGetdents64},
		62:  {sysLseek},
		63:  {sysRead},
		64:  {sysWrite},
		65:  {vectored(false, false, false)}, // readv
		66:  {vectored(true, false, false)},  // writev
		67:  {sysPread64},
		68:  {sysPwrite64},
		69:  {vectored(false, true, false)}, // preadv
		70:  {vectored(true, true, false)},  // pwritev
		71:  {sysSendfile},
		72:  {sysPselect6},
		73:  {sysPpoll},
		74:  {sysSignalfd4},
		75:  {constant(-eINVAL)}, // vmsplice: callers fall back to read and write
		76:  {constant(-eINVAL)}, // splice
		77:  {constant(-eINVAL)}, // tee
		78:  {sysReadlinkat},
		79:  {sysNewfstatat},
		80:  {sysFstat},
		81:  {constant(0)}, // sync
		82:  {onFile(-eINVAL, fsync)},
		83:  {onFile(-eINVAL, fsync)}, // fdatasync
		85:  {sysTimerfdCreate},
		86:  {sysTimerfdSettime},
		87:  {sysTimerfdGettime},
		88:  {sysUtimensat},
		223: {constant(0)}, // fadvise64
		276: {twoPaths(renameat2)},
		285: {sysCopyFileRange},
		279: {sysMemfdCreate},
		286: {vectored(false, true, true)}, // preadv2
		287: {vectored(true, true, true)},  // pwritev2
		291: {sysStatx},
		436: {sysCloseRange},
		437: {sysOpenat2},
		439: {sysFaccessat2},
		441: {sysEpollPwait2},

		// Sockets
		198: {sysSocket},
		199: {sysSocketpair},
		200: {onSocket(bindSocket)},
		201: {onSocket(listenSocket)},
		202: {accept(-1)},
		203: {onSocket(connectSocket)},
		204: {onSocket(socketName)},
		205: {onSocket(peerName)},
		206: {onSocket(sendTo)},
		207: {onSocket(receiveFrom)},
		208: {onSocket(setOption)},
		209: {onSocket(getOption)},
		210: {onSocket(shutdownSocket)},
		211: {onSocket(sendMessage)},
		212: {onSocket(receiveMessage)},
		242: {accept(3)},
		243: {onSocket(receiveMessages)},
		269: {onSocket(sendMessages)},

		// Memory
		214: {sysBrk},
		215: {sysMunmap},
		216: {sysMremap},
		222: {sysMmap},
		226: {sysMprotect},
		227: {sysMsync},
		228: {sysMlock},
		229: {sysMlock},    // munlock
		230: {constant(0)}, // mlockall
		231: {constant(0)}, // munlockall
		232: {sysMincore},
		233: {sysMadvise},
		284: {sysMlock}, // mlock2

		// Threads and the process
		93:  {sysExit},
		94:  {sysExitGroup},
		95:  {sysWaitid},
		96:  {sysSetTidAddress},
		98:  {sysFutex},
		99:  {sysSetRobustList},
		100: {sysGetRobustList},
		90:  {sysCapget},
		91:  {constant(0)}, // capset
		118: {constant(0)}, // sched_setparam
		121: {sysSchedGetparam},
		127: {sysSchedRRGetInterval},
		274: {constant(0)}, // sched_setattr
		275: {sysSchedGetattr},
		119: {constant(0)}, // sched_setscheduler
		120: {constant(0)}, // sched_getscheduler: SCHED_OTHER
		122: {sysSchedSetaffinity},
		123: {sysSchedGetaffinity},
		124: {sysSchedYield},
		125: {constant(0)},  // sched_get_priority_max
		126: {constant(0)},  // sched_get_priority_min
		140: {constant(0)},  // setpriority
		141: {constant(20)}, // getpriority: nice 0
		143: {sysSetgid},    // setregid
		144: {sysSetgid},    // setgid
		145: {sysSetuid},    // setreuid
		146: {sysSetuid},    // setuid
		147: {sysSetuid},    // setresuid
		148: {sysGetresuid},
		149: {sysSetgid}, // setresgid
		150: {sysGetresgid},
		154: {sysSetpgid},
		155: {sysGetpgid},
		156: {sysGetsid},
		157: {sysSetsid},
		158: {sysGetgroups},
		163: {sysGetrlimit},
		164: {sysSetrlimit},
		166: {sysUmask},
		167: {sysPrctl},
		168: {sysGetcpu},
		172: {sysGetpid},
		173: {sysGetppid},
		174: {sysGetuid},
		175: {sysGetuid}, // geteuid
		176: {sysGetgid},
		177: {sysGetgid}, // getegid
		178: {sysGettid},
		220: {sysClone},
		221: {sysExecve},
		281: {sysExecveat},
		260: {sysWait4},
		261: {sysPrlimit64},
		283: {sysMembarrier},
		435: {sysClone3},

		// Signals
		129: {sysKill},
		130: {sysTkill},
		131: {sysTgkill},
		132: {sysSigaltstack},
		133: {sysRtSigsuspend},
		134: {sysRtSigaction},
		135: {sysRtSigprocmask},
		136: {sysRtSigpending},
		137: {sysRtSigtimedwait},
		138: {sysRtSigqueueinfo},
		139: {sysRtSigreturn},
		240: {sysRtTgsigqueueinfo},

		// Time
		101: {sysNanosleep},
		102: {sysGetitimer},
		103: {sysSetitimer},
		107: {sysTimerCreate},
		108: {sysTimerGettime},
		109: {sysTimerGetoverrun},
		110: {sysTimerSettime},
		111: {sysTimerDelete},
		112: {constant(-ePERM)}, // clock_settime
		113: {sysClockGettime},
		114: {sysClockGetres},
		115: {sysClockNanosleep},
		153: {sysTimes},
		169: {sysGettimeofday},
		170: {constant(-ePERM)}, // settimeofday

		// The system
		160: {sysUname},
		165: {sysGetrusage},
		179: {sysSysinfo},
		278: {sysGetrandom},

		// What has no effect here
		30:  {constant(0)}, // ioprio_set
		31:  {constant(0)}, // ioprio_get
		84:  {constant(0)}, // sync_file_range
		92:  {constant(0)}, // personality: PER_LINUX
		213: {constant(0)}, // readahead
		267: {constant(0)}, // syncfs

		// What the guest's user may not do
		39:  {constant(-ePERM)},  // umount2
		40:  {constant(-ePERM)},  // mount
		41:  {constant(-ePERM)},  // pivot_root
		51:  {constant(-ePERM)},  // chroot
		97:  {constant(-ePERM)},  // unshare
		161: {constant(-ePERM)},  // sethostname
		171: {constant(-ePERM)},  // adjtimex
		241: {constant(-eACCES)}, // perf_event_open
		262: {constant(-ePERM)},  // fanotify_init
		266: {constant(-ePERM)},  // clock_adjtime
		268: {constant(-ePERM)},  // setns
		270: {constant(-ePERM)},  // process_vm_readv
		271: {constant(-ePERM)},  // process_vm_writev
		272: {constant(-ePERM)},  // kcmp
		280: {constant(-ePERM)},  // bpf
		282: {constant(-ePERM)},  // userfaultfd

		// What programs try and do without
		0:   {constant(-eNOSYS)},     // io_setup
		26:  {constant(-eNOSYS)},     // inotify_init1: callers look at the files now and then
		27:  {constant(-eNOSYS)},     // inotify_add_watch
		180: {constant(-eNOSYS)},     // mq_open
		186: {constant(-eNOSYS)},     // msgget
		190: {constant(-eNOSYS)},     // semget
		194: {constant(-eNOSYS)},     // shmget
		217: {constant(-eNOSYS)},     // add_key
		219: {constant(-eNOSYS)},     // keyctl
		235: {constant(-eNOSYS)},     // mbind
		238: {constant(-eNOSYS)},     // migrate_pages
		239: {constant(-eNOSYS)},     // move_pages
		264: {constant(-eOPNOTSUPP)}, // name_to_handle_at
		277: {constant(-eINVAL)},     // seccomp
		289: {constant(-eNOSPC)},     // pkey_alloc
		425: {constant(-eNOSYS)},     // io_uring_setup
		444: {constant(-eNOSYS)},     // landlock_create_ruleset
		449: {constant(-eNOSYS)},     // futex_waitv
		236: {constant(-eNOSYS)},     // get_mempolicy
		237: {constant(-eNOSYS)},     // set_mempolicy
		258: {constant(-eNOSYS)},     // riscv_hwprobe
		259: {constant(0)},           // riscv_flush_icache: changed code is noticed without it
		293: {constant(-eNOSYS)},     // rseq
		424: {constant(-eNOSYS)},     // pidfd_send_signal
		434: {constant(-eNOSYS)},     // pidfd_open
		438: {constant(-eNOSYS)},     // pidfd_getfd
	}
	for own, fn := range legacyCalls() {
		calls[legacy+own] = call{fn}
	}
}

// call executes the architecture's system call nr. One that is not there gives
// ENOSYS, and a message the first time.
func (m *Machine) call(t *thread, own uint64, a *[6]uint64) int64 {
	nr := m.arch.numbers.call(own)
	if nr < numCalls && calls[nr].fn != nil {
		m.nr, m.args = nr, *a
		return calls[nr].fn(m, t, &m.args)
	}
	if !m.unknown[own] && len(m.unknown) < len(calls) {
		m.unknown[own] = true
		name := callName(nr)
		if name == "" {
			name = "unknown"
		}
		m.note.Warn().Uint64("number", own).Str("name", name).Uint64("pc", m.c.LastPC).
			Msg("the guest uses a system call that is not supported: it gets ENOSYS")
	}
	return -eNOSYS
}

// noteHang says once that the guest waits for what can't come.
func (m *Machine) noteHang() {
	if m.hung {
		return
	}
	m.hung = true
	e := m.note.Warn().Uint64("icount", m.c.Icount)
	for _, t := range m.st.threads {
		e = e.Str(fmt.Sprintf("process %d thread %d", t.p.pid, t.id), t.wait.String())
	}
	e.Msg("the guest hangs: all its threads wait for each other")
}
