//! Queues of the system itself, under names of these tests' own.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A name of this test's own, which goes with it.
struct Name(String);

impl Name {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(format!("/ferripc-test-{pid}-{next}"))
    }

    fn open(&self, access: Access, creation: Option<Creation>) -> Result<Queue, Error> {
        Queue::open(&self.0, access, creation.as_ref())
    }

    fn create(&self) -> Queue {
        self.open(Access::Both, Some(SMALL)).unwrap()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = unlink(&self.0);
    }
}

const SMALL: Creation =
    Creation { exclusive: true, max_messages: 3, message_size: 16, mode: 0o600 };

fn code<T>(result: Result<T, Error>) -> (&'static str, &'static str) {
    let error = result.err().unwrap();
    (error.syscall, error.code())
}

fn received(queue: &Queue) -> (Vec<u8>, u32) {
    let mut data = Vec::new();
    let priority = queue.receive(&mut data).unwrap();
    (data, priority)
}

fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

#[test]
fn messages_come_by_priority_and_then_by_age() {
    let queue = Name::new().create();
    for (text, priority) in [("old", 1), ("first", PRIORITIES - 1), ("young", 1)] {
        queue.send(text.as_bytes(), priority).unwrap();
    }
    let [first, old, young] = [(); 3].map(|()| received(&queue));
    assert_eq!(first, (b"first".to_vec(), PRIORITIES - 1));
    assert_eq!((old, young), ((b"old".to_vec(), 1), (b"young".to_vec(), 1)));
    queue.send(b"", 0).unwrap();
    assert_eq!(received(&queue), (vec![], 0));
}

#[test]
fn what_would_wait_or_does_not_fit_is_refused() {
    let name = Name::new();
    let queue = name.create();
    let attributes = |messages| Attributes { max_messages: 3, message_size: 16, messages };
    assert_eq!(code(queue.receive(&mut Vec::new())), ("mq_receive", "EAGAIN"));
    assert_eq!(code(queue.send(&[0; 17], 0)), ("mq_send", "EMSGSIZE"));
    assert_eq!(code(queue.send(b"", PRIORITIES)), ("mq_send", "EINVAL"));
    assert_eq!(queue.attributes().unwrap(), attributes(0));
    for _ in 0..3 {
        queue.send(&[7; 16], 0).unwrap();
    }
    assert_eq!(code(queue.send(b"", 0)), ("mq_send", "EAGAIN"));
    assert_eq!(queue.attributes().unwrap(), attributes(3));
    let error = queue.send(b"", 0).unwrap_err();
    assert_eq!(error.to_string(), format!("mq_send EAGAIN {}", name.0));
    let reader = name.open(Access::Read, None).unwrap();
    assert_eq!(code(reader.send(b"", 0)), ("mq_send", "EBADF"));
    assert_eq!(received(&reader), (vec![7; 16], 0));
}

#[test]
fn names_and_creation() {
    let name = Name::new();
    assert_eq!(code(name.open(Access::Both, None)), ("mq_open", "ENOENT"));
    let made = name.create();
    assert_eq!(code(name.open(Access::Both, Some(SMALL))), ("mq_open", "EEXIST"));
    // The attributes of a queue that is there count.
    let other = Creation { exclusive: false, max_messages: 1, ..SMALL };
    let same = name.open(Access::Both, Some(other)).unwrap();
    assert_eq!(same.attributes().unwrap().max_messages, 3);
    assert!(!made.is_unlinked());
    unlink(&name.0).unwrap();
    assert!(made.is_unlinked() && same.is_unlinked());
    assert_eq!(code(unlink(&name.0)), ("mq_unlink", "ENOENT"));
    made.send(b"still", 0).unwrap();
    assert_eq!(received(&same).0, b"still");

    for (name, expected) in [
        ("bare", "EINVAL"),
        ("", "EINVAL"),
        ("/", "ENOENT"),
        ("/a\0b", "EINVAL"),
        ("/a/b", "EACCES"),
        (&format!("/{}", "x".repeat(256)), "ENAMETOOLONG"),
    ] {
        let open = Queue::open(name, Access::Both, Some(&SMALL));
        assert_eq!(code(open), ("mq_open", expected), "{name:?}");
    }
    for (max_messages, message_size) in [(0, 16), (3, 0), (usize::MAX, 16), (3, usize::MAX)] {
        let creation = Creation { max_messages, message_size, ..SMALL };
        let open = Name::new().open(Access::Both, Some(creation));
        assert_eq!(code(open), ("mq_open", "EINVAL"), "{creation:?}");
    }
}

#[test]
fn the_umask_does_not_count_for_set_mode() {
    let name = Name::new();
    let queue = name.create();
    queue.set_mode(0o642).unwrap();
    let file = std::fs::File::from(queue.fd.try_clone().unwrap());
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o642);
}

#[test]
fn waits_for_a_message_and_for_room() {
    on_a_runtime(async {
        let name = Name::new();
        let reader = Waiter::new(Arc::new(name.create())).unwrap();
        let writer = Waiter::new(Arc::new(name.open(Access::Write, None).unwrap())).unwrap();
        let receive = async {
            let mut all = Vec::new();
            for _ in 0..1000 {
                let mut data = Vec::new();
                reader.receive(&mut data).await.unwrap();
                all.push(u32::from_le_bytes(data.try_into().unwrap()));
            }
            all
        };
        let send = async {
            for number in 0..1000u32 {
                writer.send(&number.to_le_bytes(), 0).await.unwrap();
            }
        };
        let (all, ()) = tokio::join!(receive, send);
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn two_wait_and_one_gets_it() {
    on_a_runtime(async {
        let name = Name::new();
        let open = || Waiter::new(Arc::new(name.open(Access::Both, None).unwrap())).unwrap();
        let queue = name.create();
        let (one, two) = (open(), open());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        queue.send(b"x", 0).unwrap();
        tokio::select! {
            got = one.receive(&mut first) => assert_eq!(got.unwrap(), 0),
            got = two.receive(&mut second) => assert_eq!(got.unwrap(), 0),
        }
        let more = async {
            tokio::task::yield_now().await;
            queue.send(b"y", 5).unwrap();
        };
        let (got, ()) = tokio::join!(two.receive(&mut second), more);
        assert_eq!((got.unwrap(), second), (5, b"y".to_vec()));
    });
}
