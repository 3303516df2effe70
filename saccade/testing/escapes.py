"""Attempts to leave a sandbox, as a model under pressure would write them; for every backend that calls itself one.

Each is code that prints ``ESCAPED`` where it got through. `{...}` names a bait outside: a file with a secret, listening
sockets, a process, the grader's source. Codes are only ever run in a sandbox; that the baits can be reached from
outside is for the test to show with code of its own.
"""

from __future__ import annotations

HEAD = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, work):
    try:
        got = work()
    except BaseException as error:
        print(name, "refused:", type(error).__name__, error)
    else:
        print("ESCAPED", name, repr(got)[:99])
def called(name, *arguments):
    if libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]) >= 0:
        print("ESCAPED", name)
    else:
        print(name, "refused:", os.strerror(ctypes.get_errno()))
"""

FILES = {
    "read the secret": "tried('read', lambda: open({secret!r}).read())",
    "read it by climbing": "tried('climb', lambda: open('../' * 30 + {secret!r}).read())",
    "read the grader": "tried('grader', lambda: open({grader!r}).read()); tried('import', lambda: __import__('saccade'))",
    "read the machine": """
for path in ('/etc/passwd', '/etc/shadow', '/etc/hostname', '/proc/self/environ', '/proc/1/environ', '/proc/version',
             '/proc/mounts', '/sys/kernel/notes', '/var/log/dpkg.log', '/dev/mem', '/dev/kmsg', '/dev/sda',
             '/dev/vda', '/boot'):
    tried(path, lambda: os.open(path, os.O_RDONLY))
for path in ('/proc/1', '/proc/self', '/sys/class', '/home', '/var', '/etc/ssl', '/usr/bin', '/bin', {folder!r}):
    tried('list ' + path, lambda: os.listdir(path))
""",
    "write outside": """
import json
for path in ('/escaped', '/etc/escaped', '/usr/lib/escaped', '/dev/escaped', '/lib/escaped', {folder!r} + '/escaped',
             json.__file__, os.path.dirname(os.__file__) + '/escaped.py'):
    tried(path, lambda: open(path, 'a').write('x'))
tried('unlink', lambda: os.unlink(json.__file__))
tried('chmod', lambda: os.chmod(json.__file__, 0o777))
tried('rename', lambda: os.rename(os.path.dirname(json.__file__), 'taken'))
tried('mkdir', lambda: os.mkdir('/escaped'))
""",
    "links": """
os.symlink({secret!r}, 'soft'); tried('symlink', lambda: open('soft').read())
os.symlink('/', 'top'); tried('symlink to root', lambda: open('top' + {secret!r}).read())
tried('hard link', lambda: os.link({secret!r}, 'hard'))
tried('hard link to a library', lambda: os.link(os.__file__, 'hard'))
""",
    "another root": """
tried('chroot', lambda: os.chroot('.'))
called('mount', 165, b'proc', b'/scratch', b'proc', 0, None)
called('mount tmpfs', 165, b'none', b'/scratch', b'tmpfs', 0, None)
called('umount', 166, b'/scratch', 2)
called('pivot_root', 155, b'.', b'.')
called('open_tree', 428, -100, b'/', 1)
called('fsopen', 430, b'proc', 0)
called('open_by_handle_at', 304, -100, b'x' * 64, 0)
called('name_to_handle_at', 303, -100, b'/', b'x' * 64, b'x' * 64, 0)
""",
}

NETWORK = {
    "sockets": """
import socket
def tcp():
    with socket.create_connection(('127.0.0.1', {tcp}), timeout=2) as s: return s.recv(99)
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: return s.sendto(b'ESCAPED', ('127.0.0.1', {udp}))
def path():
    with socket.socket(socket.AF_UNIX) as s: s.connect({unix!r}); return s.recv(99)
def abstract():
    with socket.socket(socket.AF_UNIX) as s: s.connect('\\0' + {abstract!r}); return s.recv(99)
for work in (tcp, udp, path, abstract): tried(work.__name__, work)
tried('resolve', lambda: socket.gethostbyname('example.org'))
for family in (socket.AF_PACKET, socket.AF_NETLINK, 40, 31):
    tried('family %d' % family, lambda: socket.socket(family, socket.SOCK_RAW))
tried('ping', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b'x', ('127.0.0.1', 0)))
tried('listen', lambda: socket.create_server(('127.0.0.1', 0)))
import urllib.request
tried('urllib', lambda: urllib.request.urlopen('http://127.0.0.1:{tcp}', timeout=2).read())
""",
}

PROCESSES = {
    "programs": """
import subprocess
tried('fork', os.fork)
tried('subprocess', lambda: subprocess.run(['/bin/true'], check=True))
tried('own interpreter', lambda: subprocess.run([sys.executable or 'python3', '-c', '1'], check=True))
tried('system', lambda: 1 / (os.system('true') == 0))
tried('exec', lambda: os.execv('/bin/sh', ['sh']))
tried('spawn', lambda: os.posix_spawn('/bin/true', ['true'], dict()))
import multiprocessing
tried('multiprocessing', lambda: multiprocessing.Process(target=print).start())
tried('pty', lambda: __import__('pty').fork())
def own_program():
    open('run', 'wb').write(b'#!/bin/sh\\n'); os.chmod('run', 0o777); os.execv('./run', ['run'])
tried('own program', own_program)
called('memfd_create', 319, b'x', 0)
called('execveat', 322, -100, b'/bin/sh', None, None, 0)
""",
    "signals": """
import signal
for pid in (os.getppid(), 0, -1, 2, {victim}, {parent}):
    tried('kill %d' % pid, lambda: os.kill(pid, signal.SIGTERM) if pid else 1 / 0)
tried('killpg', lambda: os.killpg({parent}, signal.SIGTERM))
called('tgkill', 234, {victim}, {victim}, 15)
called('pidfd_open', 434, {victim}, 0)
called('rt_sigqueueinfo', 129, {victim}, 15, b'x' * 128)
called('setpriority', 141, 0, {victim}, 19)
""",
    "other memory": """
called('ptrace attach', 101, 16, {victim}, None, None)
called('ptrace seize', 101, 0x4206, 1, None, None)
called('ptrace traceme', 101, 0, 0, None, None)
called('process_vm_readv', 310, {parent}, b'x' * 16, 1, b'x' * 16, 1, 0)
called('process_vm_writev', 311, {parent}, b'x' * 16, 1, b'x' * 16, 1, 0)
called('pidfd_getfd', 438, 0, 0, 0)
called('kcmp', 312, {parent}, {victim}, 0, 0, 0)
called('shmget', 29, 0, 4096, 0o1666); called('msgget', 68, 0, 0o1666); called('mq_open', 240, b'x', 0o102, 0o666, None)
""",
}

KERNEL = {
    "doors of the kernel": """
for name, number in dict(io_uring_setup=425, io_uring_enter=426, bpf=321, userfaultfd=323, perf_event_open=298, keyctl=250,
                         add_key=248, request_key=249, unshare=272, setns=308, kexec_load=246, init_module=175, reboot=169,
                         swapon=167,
                         settimeofday=164, sethostname=170, iopl=172, quotactl=179, fanotify_init=300, inotify_init=253,
                         mount_setattr=442, memfd_secret=447, acct=163, syslog=103, modify_ldt=154, lookup_dcookie=212,
                         process_madvise=440, landlock_create_ruleset=444, personality=135, vhangup=153, splice=275).items():
    if number == 135: called(name, number, 0x0040000)
    elif number == 272: called(name, number, 0x10000000)
    else: called(name, number, 8, b'x' * 128, 0, 0, 0)
called('clone with a user namespace', 56, 0x10000000 | 17, None, None, None, 0)
called('clone as a process', 56, 17, None, None, None, 0)
called('clone3', 435, (ctypes.c_uint64 * 11)(), 88)
called('x32 socket', 0x40000000 + 41, 2, 1, 0)
called('steal the terminal', 16, 0, 0x5412, b'x')
""",
    "identity": """
tried('setuid', lambda: os.setuid(0)); tried('setgid', lambda: os.setgid(0))
tried('setgroups', lambda: os.setgroups([0]))
tried('setresuid', lambda: os.setresuid(0, 0, 0)); tried('chown', lambda: os.chown('.', 0, 0))
tried('nice', lambda: os.nice(-20))
called('capset', 126, b'\\x22\\x05\\x08\\x20\\0\\0\\0\\0', b'\\xff' * 24)
called('keep capabilities', 157, 8, 1); called('undo no_new_privs', 157, 38, 0, 0, 0, 0)
called('another seccomp', 157, 22, 0, 0)
called('dumpable', 157, 4, 1)
import resource
for what in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
    tried('raise a limit', lambda: resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
tried('mknod', lambda: os.mknod('device', 0o600 | 0o020000, os.makedev(1, 1)))
""",
    "environment and descriptors": """
for name, value in os.environ.items():
    if {token!r} in value: print('ESCAPED environment', name)
import stat
for number in range(1024):
    try: mode = os.fstat(number).st_mode
    except OSError: continue
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode): print('ESCAPED descriptor', number, oct(mode))
""",
}

ATTEMPTS = {**FILES, **NETWORK, **PROCESSES, **KERNEL}

ENDLESS = {
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(1e6)",
    "stubborn": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
                "    except (OSError, ValueError): pass\n"
                "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "in C": "10 ** 10 ** 9",
    "regular expression": "import re; re.match(r'(a|aa)+$', 'a' * 90 + 'b')",
    "deadlock": "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
    "many threads": "import threading\ndef go():\n    while True: pass\n"
                    "for _ in range(8): threading.Thread(target=go, daemon=True).start()\n"
                    "while True: pass",
    "print": "while True: print('x' * 9999)",
}
"""Code that never ends."""

GREEDY = {
    "one block": "x = bytearray(8 << 30)",
    "array": "import numpy; numpy.ones((1 << 20, 1 << 13))",
    "mapping": "import mmap; mmap.mmap(-1, 8 << 30)",
    "one file": "open('x', 'wb').write(b'x' * (1 << 20) * 512)",
    "many writes": "f = open('x', 'wb')\nfor _ in range(1 << 14): f.write(b'x' * (1 << 20)); f.flush()",
    "many files": "for i in range(10 ** 6): open(str(i), 'w').close()",
    "sparse file": "f = open('x', 'wb'); f.truncate(1 << 50)",
    "many open files": "fs = [open('x' + str(i), 'w') for i in range(10 ** 5)]",
    "threads": "import threading, time\n"
               "for i in range(10 ** 4): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "processes": "import os\nfor i in range(10 ** 4): os.fork()",
    "deep": "def f(n): return f(n + 1) + 1\nimport sys; sys.setrecursionlimit(10 ** 9)\nf(0)",
}
"""Code that takes all there is: each must end as an error or with the end of its process."""

FORGED = {
    "garbage": "import os\nfor n in range(3, 9):\n    try: os.write(n, b'\\xff' * 4096)\n    except OSError: pass\n",
    "huge length": "import os, struct\ntry: os.write(3, struct.pack('>QQ', 1 << 60, 1 << 60))\nexcept OSError: pass",
    "deep header": "import os, struct\nh = b'[' * 60000\n"
                   "try: os.write(3, struct.pack('>QQ', len(h), 0) + h)\nexcept OSError: pass",
    "wrong types": "import os, struct\nh = b'{\"status\": [], \"stdout\": {}, \"files\": [[1, -5], [2, 5]]}'\n"
                   "try: os.write(3, struct.pack('>QQ', len(h), 0) + h)\nexcept OSError: pass",
    "leave": "import os; os._exit(0)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "kill itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL); os._exit(9)",
    "foreign calls": "import mmap, ctypes\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\n"
                     "f = ctypes.CFUNCTYPE(ctypes.c_int)"
                     "(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nprint('ESCAPED', f())",
    "blind the worker": "import json, builtins, os\njson.dumps = json.loads = None\nbuiltins.len = None\nos.write = None",
}
"""Code that lies to who waits for it, or ends its process in odd ways."""
