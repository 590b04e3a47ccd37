//! Frames of any bytes for both joiners of AppView's frames, and any text cut into frames and joined
//! again.

use ferripc::engine::codec::meta_nul::{Frames, LONGEST_REQUEST, RequestJoiner, ResponseJoiner};

use super::input::Input;

/// `number, size`, then frames. If a frame begins with 1 or 2, that byte stands for META of a request or response.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (uniq, size) = (input.short() as i32 - 100, input.byte().into());
    let mut frames = Vec::new();
    while !input.is_empty() {
        let frame = input.piece();
        frames.push(match frame {
            [1, more, data @ ..] => {
                meta(format!(r#"{{"req":{},"uniq":{uniq},"remain":9}}"#, more & 1), data)
            }
            [2, more, data @ ..] => {
                let status = [200, 206, 400, 500][usize::from(more % 4)];
                let remain = data.len();
                meta(format!(r#"{{"status":{status},"uniq":{uniq},"remain":{remain}}}"#), data)
            }
            any => any.to_vec(),
        });
    }
    let (mut requests, mut responses) = (RequestJoiner::default(), ResponseJoiner::new(uniq, 1000));
    for frame in &frames {
        if let Ok(Some(request)) = requests.add(frame) {
            assert!(request.text.unwrap_or_default().len() <= LONGEST_REQUEST.max(frame.len()));
        }
        if let Ok(Some(response)) = responses.add(frame) {
            assert!(response.text.len() <= 1000);
        }
    }
    let text = frames.concat();
    if let Some(cut) = Frames::response(&text, uniq, size) {
        let mut joiner = ResponseJoiner::new(uniq, text.len());
        let joined = cut
            .inspect(|frame| assert!(frame.len() <= size))
            .filter_map(|frame| joiner.add(&frame).unwrap())
            .collect::<Vec<_>>();
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].text, text);
    }
    if let Some(cut) = Frames::request(&text, uniq, size) {
        let mut joiner = RequestJoiner::default();
        let joined = cut
            .inspect(|frame| assert!(frame.len() <= size))
            .filter_map(|frame| joiner.add(&frame).unwrap())
            .collect::<Vec<_>>();
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].text.as_ref(), Some(&text));
    }
}

fn meta(meta: String, data: &[u8]) -> Vec<u8> {
    [meta.as_bytes(), b"\0", data].concat()
}
