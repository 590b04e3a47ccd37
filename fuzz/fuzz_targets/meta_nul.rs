//! Frames of any bytes to both joiners of AppView's frames, and any text cut into frames and joined again.

#![no_main]

use ferripc::engine::codec::meta_nul::{Frames, RequestJoiner, ResponseJoiner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (i32, u8, Vec<Vec<u8>>)| {
    let (uniq, size, frames) = input;
    let (mut requests, mut responses) = (RequestJoiner::default(), ResponseJoiner::new(uniq, 1000));
    for frame in &frames {
        let _ = requests.add(frame);
        if let Ok(Some(response)) = responses.add(frame) {
            assert!(response.text.len() <= 1000);
        }
    }
    let text = frames.concat();
    let Some(cut) = Frames::response(&text, uniq, size.into()) else { return };
    let mut joiner = ResponseJoiner::new(uniq, text.len());
    let joined = cut
        .inspect(|frame| assert!(frame.len() <= size.into()))
        .filter_map(|frame| joiner.add(&frame).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].text, text);
});
