//! The two queues of a client, as a server opens them: one after the other, while clients come and go.

use crate::engine::error::Error;
use crate::engine::transport::mqueue::{Access, Queue};

/// The queue `output` of the client whose other queue is `input`. `None`: this client has left, and the queue may be that
/// of the next one, which would get an answer that is not its own.
pub fn output_of(input: &Queue, output: &str) -> Result<Option<Queue>, Error> {
    let output = Queue::open(output, Access::Write, None)?;
    Ok((!input.is_unlinked()).then_some(output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::transport::mqueue::{Creation, unlink};

    #[test]
    fn no_client_gets_the_answer_of_the_one_before_it() {
        let [input, output] =
            ["In", "Out"].map(|side| format!("/ferripc-pair-{side}.{}", std::process::id()));
        let creation = Creation { exclusive: true, max_messages: 1, message_size: 8, mode: 0o600 };
        let come = || {
            let queue = |name| Queue::open(name, Access::Both, Some(&creation)).unwrap();
            (queue(&input), queue(&output))
        };
        let leave = || [&input, &output].map(|name| unlink(name).unwrap());
        let _first = come();
        let opened = Queue::open(&input, Access::Read, None).unwrap();
        assert!(output_of(&opened, &output).unwrap().is_some());
        leave();
        assert_eq!(output_of(&opened, &output).unwrap_err().code(), "ENOENT");
        let _second = come();
        assert!(output_of(&opened, &output).unwrap().is_none());
        leave();
    }
}
