//! A server that the system tells of new queues, where they are mounted: it answers at once, although it hardly looks
//! by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ferripc::engine::transport::mqueue::{Access, Creation, Queue, unlink};
use ferripc::protocols::appview::Names;
use ferripc::protocols::appview::server::{self, Event, Server};
use ferripc::protocols::appview::state::State;

use super::{Asker, GUARD, alone, nobody};

const ASK: &[u8] = b"{\"req\":0,\"uniq\":1,\"remain\":9}\0{\"req\":1}\0";

/// What a server without changes to be told of needs for these are minutes.
const MANY: usize = 200;

/// A folder where this thread, and those that it starts, may mount queues. Nobody else sees them.
struct Folder(PathBuf);

impl Folder {
    /// `None`: this user may not.
    fn new() -> Option<Self> {
        // SAFETY: the call changes this thread alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
            eprintln!("not run: only root may mount");
            return None;
        }
        let path = std::env::temp_dir().join(format!("ferripc-told-{}", nobody()));
        fs::create_dir(&path).unwrap();
        let folder = Self(path);
        mount(c"none", Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE);
        // Those that are there already are not those of the test.
        let mounts = fs::read_to_string("/proc/thread-self/mounts").unwrap();
        for line in mounts.lines().filter(|line| line.split(' ').nth(2) == Some("mqueue")) {
            unmount(Path::new(line.split(' ').nth(1).unwrap()));
        }
        Some(folder)
    }

    fn mount(&self) {
        mount(c"mqueue", &self.0, Some(c"mqueue"), 0);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        while fs::remove_dir(&self.0).is_err_and(|error| error.raw_os_error() == Some(libc::EBUSY))
        {
            unmount(&self.0);
        }
    }
}

fn c_path(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

fn mount(what: &std::ffi::CStr, at: &Path, kind: Option<&std::ffi::CStr>, flags: libc::c_ulong) {
    let kind = kind.map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: all names outlive the call.
    let done =
        unsafe { libc::mount(what.as_ptr(), c_path(at).as_ptr(), kind, flags, std::ptr::null()) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

fn unmount(at: &Path) {
    // SAFETY: the path outlives the call.
    let done = unsafe { libc::umount2(c_path(at).as_ptr(), libc::MNT_DETACH) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

/// Calls `act` on a thread of its own, whose mounts nobody else sees.
fn apart(act: impl FnOnce(&Folder) + Send) {
    let _alone = alone();
    thread::scope(|scope| {
        let inside = || Folder::new().map(|folder| act(&folder));
        scope.spawn(inside).join().unwrap();
    });
}

/// A server that looks by itself as seldom as it can.
fn serve(pid: u32) -> Server {
    let options = server::Options { poll: Duration::from_secs(3600), ..server::Options::new(pid) };
    Server::start(options, State::default(), |_| true).unwrap()
}

fn asker(pid: u32) -> Asker {
    Asker::new(Names::new("AppViewIPC", pid))
}

fn answered(asker: &Asker) {
    let answer = String::from_utf8(asker.receive()).unwrap();
    assert!(answer.ends_with(r#"{"status":200,"viewed":false}"#), "{answer}");
}

/// Many conversations, each with queues of its own.
fn asks(pid: u32) {
    let started = Instant::now();
    for _ in 0..MANY {
        let asker = asker(pid);
        asker.send(ASK);
        answered(&asker);
        assert!(started.elapsed() < GUARD, "it was not told");
    }
}

fn make(name: &str, mode: u32) -> Queue {
    let creation = Creation { exclusive: true, max_messages: 10, message_size: 8192, mode };
    Queue::open(name, Access::Both, Some(&creation)).unwrap()
}

#[test]
fn it_is_told_however_queues_are_made() {
    apart(|folder| {
        folder.mount();
        let pid = nobody();
        let before = asker(pid); // is there already
        before.send(ASK);
        let _server = serve(pid);
        answered(&before);
        // A second request on the same queues; then they are removed and made again, and removed without any request.
        for _ in 0..MANY {
            before.send(ASK);
            answered(&before);
        }
        drop(before);
        drop(asker(pid));
        asks(pid);

        // The request is there before the queue of its answer is.
        let names = Names::new("AppViewIPC", pid);
        for _ in 0..MANY {
            let input = make(&names.input, 0o600);
            input.send(ASK, 0).unwrap();
            thread::yield_now();
            let output = make(&names.output, 0o600);
            let asker = Asker { names: names.clone(), input, output };
            answered(&asker);
        }
    });
}

#[test]
fn it_is_told_when_queues_of_another_user_are_opened_for_it() {
    apart(|folder| {
        folder.mount();
        let pid = nobody();
        // SAFETY: the calls change this thread, and those that it starts, alone.
        let become_user = |id| unsafe { (libc::setfsgid(id), libc::setfsuid(id)) };
        become_user(65534);
        let _server = serve(pid);
        become_user(0);
        let names = Names::new("AppViewIPC", pid);
        let started = Instant::now();
        for _ in 0..MANY {
            let asker = Asker {
                names: names.clone(),
                input: make(&names.input, 0o600),
                output: make(&names.output, 0o600),
            };
            asker.send(ASK);
            thread::yield_now();
            asker.input.set_mode(0o666).unwrap();
            thread::yield_now();
            asker.output.set_mode(0o666).unwrap();
            answered(&asker);
            assert!(started.elapsed() < GUARD, "it was not told");
        }
    });
}

#[test]
fn mounts_come_and_go() {
    apart(|folder| {
        let pid = nobody();
        let _server = serve(pid);
        folder.mount();
        asks(pid);
        unmount(&folder.0);
        asks(pid);
    });
}

#[test]
fn queues_of_another_namespace_tell_it_nothing() {
    apart(|folder| {
        let ours = fs::File::open("/proc/thread-self/ns/ipc").unwrap();
        // SAFETY: the calls change this thread alone; the descriptor is open.
        let moved = unsafe {
            let left = libc::unshare(libc::CLONE_NEWIPC);
            folder.mount();
            left + libc::setns(std::os::fd::AsRawFd::as_raw_fd(&ours), libc::CLONE_NEWIPC)
        };
        assert_eq!(moved, 0);
        let pid = nobody();
        let options = server::Options::new(pid);
        let _server = Server::start(options, State::default(), |_| true).unwrap();
        asks(pid);
    });
}

#[test]
fn more_changes_than_the_system_keeps_are_survived() {
    apart(|folder| {
        folder.mount();
        let pid = nobody();
        let (blocked, is_blocked) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let on_event = move |_: Event| {
            blocked.send(()).unwrap();
            may_go_on.recv().unwrap();
            true
        };
        let options =
            server::Options { poll: Duration::from_secs(3600), ..server::Options::new(pid) };
        let _server = Server::start(options, State::default(), on_event).unwrap();
        let first = asker(pid);
        first.send(b"{\"req\":0,\"uniq\":1,\"remain\":18}\0{\"req\":3,\"cfg\":{}}\0");
        is_blocked.recv_timeout(GUARD).unwrap();
        let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let least = Creation { exclusive: true, max_messages: 1, message_size: 1, mode: 0o600 };
        for number in 0..most.trim().parse::<u32>().unwrap().min(1 << 15) {
            let name = format!("/ferripc-told-{pid}-{number}");
            Queue::open(&name, Access::Read, Some(&least)).unwrap();
            unlink(&name).unwrap();
        }
        go_on.send(()).unwrap();
        assert!(first.receive().ends_with(br#"{"status":200}"#));
        drop(first);
        asks(pid);
    });
}
