//! Jobs and calls: from the request until the last who waits is answered, and their limits.

use bytes::Bytes;
use ferripc::protocols::pixivutil2::message::Side;
use ferripc::protocols::pixivutil2::rules::{Event, Reason, Rules, Settings, Taken};

use super::{ID, agent, frames, rules, take, value};

/// Begins a job. Returns its number.
fn begin(rules: &mut Rules) -> i32 {
    let taken = take(rules, Side::Task, &[b"FFmpeg_Req", b"-i", b"a b"]);
    let number = i32::from_le_bytes(value(&taken, "FFMPEG_REQ")[..].try_into().unwrap());
    let arguments = vec!["-i".into(), "a b".into()];
    assert_eq!(taken.event, Some(Event::Ffmpeg(agent(Side::Task, ""), number, arguments)));
    number
}

#[test]
fn a_job_is_answered_when_it_ends() {
    let mut rules = rules();
    let task = begin(&mut rules);
    assert!(task > 0);
    let asked = |rules: &mut Rules, id: &'static [u8]| {
        let message = frames(&[b"FFmpeg_Ret", &task.to_le_bytes()]);
        rules.take(Side::Task, &Bytes::from_static(id), &message, true)
    };
    // It may be asked for by several, and by one that has left.
    for id in [b"one", b"two", b"one"] {
        assert_eq!(asked(&mut rules, id), Taken::default());
    }
    rules.gone(Side::Task, &Bytes::from_static(b"two"));
    let answers = rules.finish(task, -7);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].0, "one");
    assert_eq!(
        answers[0].1[1..],
        [Bytes::from("FFMPEG_RET"), Bytes::copy_from_slice(&(-7i32).to_le_bytes())]
    );
    assert_eq!(value(&asked(&mut rules, b"two"), "FFMPEG_RET")[..], (-7i32).to_le_bytes());
    assert!(rules.finish(task, 0).is_empty()); // the first one counts
    assert_eq!(value(&asked(&mut rules, b"two"), "FFMPEG_RET")[..], (-7i32).to_le_bytes());
}

#[test]
fn jobs_that_nobody_takes_and_too_many() {
    let mut rules = Rules::new(Settings { max_tasks: 2, ..Default::default() });
    let refused = |rules: &mut Rules, parts: &[&[u8]], group: &str| {
        let taken = take(rules, Side::Task, parts);
        assert_eq!(value(&taken, group)[..], [0xff; 4]);
        match taken.event {
            Some(Event::Refused(_, _, why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let request = [&b"FFMPEG_REQ"[..], b"-y"];
    let call = [&b"ARIA2"[..], b"a", b"b"];
    assert_eq!(refused(&mut rules, &request, "FFMPEG_REQ"), Reason::NoHandler);
    assert_eq!(refused(&mut rules, &call, "ARIA2"), Reason::NoHandler);
    (rules.ffmpeg, rules.aria2) = (true, true);
    let first = begin(&mut rules);
    let Some(Event::Aria2(_, number, ..)) = take(&mut rules, Side::Task, &call).event else {
        panic!()
    };
    assert_eq!(refused(&mut rules, &request, "FFMPEG_REQ"), Reason::TooManyTasks);
    assert_eq!(refused(&mut rules, &call, "ARIA2"), Reason::TooManyTasks);
    rules.finish(first, 0);
    let second = begin(&mut rules);
    assert_ne!(first, second);
    rules.answer(number, 0);
    begin(&mut rules);
}

#[test]
fn the_arguments_of_jobs_that_have_not_ended_have_a_limit() {
    let mut rules = Rules::new(Settings { max_task_bytes: 1000, ..Default::default() });
    (rules.ffmpeg, rules.aria2) = (true, true);
    let large = [b'x'; 700];
    let job = |rules: &mut Rules, size: usize| {
        take(rules, Side::Task, &[b"FFMPEG_REQ", &large[..size]]).event.unwrap()
    };
    let Event::Ffmpeg(_, first, _) = job(&mut rules, 700) else { panic!() };
    let too_many = |event| matches!(event, Event::Refused(_, _, Reason::TooManyTasks));
    assert!(too_many(job(&mut rules, 700)));
    assert!(too_many(job(&mut rules, 1))); // it has more than is left
    let other = Bytes::from_static(b"other");
    let call = |rules: &mut Rules, size: usize| {
        let message = frames(&[b"ARIA2", b"", &large[..size]]);
        rules.take(Side::Task, &other, &message, true).event.unwrap()
    };
    let Event::Aria2(_, number, ..) = call(&mut rules, 200) else { panic!() };
    assert!(too_many(call(&mut rules, 200)));
    // What has ended counts no more: neither jobs, nor calls, nor those whose caller has gone.
    rules.finish(first, 0);
    rules.finish(first, 0);
    assert!(matches!(job(&mut rules, 700), Event::Ffmpeg(..)));
    assert!(too_many(call(&mut rules, 200)));
    rules.answer(number, 0);
    assert!(matches!(call(&mut rules, 200), Event::Aria2(..)));
    rules.gone(Side::Task, &other);
    assert!(matches!(call(&mut rules, 200), Event::Aria2(..)));
    rules.end();
    (rules.ffmpeg, rules.aria2) = (true, true);
    // One that is alone is taken, however large it is.
    let alone = [b'x'; 2000];
    let taken = take(&mut rules, Side::Task, &[b"FFMPEG_REQ", &alone]);
    assert!(matches!(taken.event, Some(Event::Ffmpeg(..))));
    assert!(too_many(job(&mut rules, 1)));
}

#[test]
fn the_end_answers_all_who_wait() {
    let mut rules = rules();
    let task = begin(&mut rules);
    take(&mut rules, Side::Task, &[b"FFMPEG_RET", &task.to_le_bytes()]);
    take(&mut rules, Side::Task, &[b"ARIA2", b"a", b"b"]);
    let mut groups: Vec<_> =
        rules.end().into_iter().map(|(_, reply)| (reply[1].clone(), reply[2].clone())).collect();
    groups.sort();
    let minus = Bytes::from_static(&[0xff; 4]);
    assert_eq!(groups, [("ARIA2".into(), minus.clone()), ("FFMPEG_RET".into(), minus)]);
    assert!(rules.end().is_empty());
    // What comes between that and the end of the sockets would never be answered.
    for request in [[&b"FFMPEG_REQ"[..], b"-y", b"a"], [b"ARIA2", b"a", b"b"]] {
        let event = take(&mut rules, Side::Task, &request).event;
        assert!(matches!(event, Some(Event::Refused(_, _, Reason::NoHandler))), "{event:?}");
    }
}

#[test]
fn without_room_for_events() {
    let mut rules = rules();
    let id = Bytes::from_static(ID);
    let task = begin(&mut rules);
    let mut full = |on, parts: &[&[u8]]| rules.take(on, &id, &frames(parts), false);
    assert_eq!(value(&full(Side::Comm, &[b"HS", b"x", b"Comm"]), "HS"), "Error");
    assert_eq!(value(&full(Side::Task, &[b"FFMPEG_REQ", b"x"]), "FFMPEG_REQ")[..], [0xff; 4]);
    assert_eq!(full(Side::Comm, &[b"TITLE"]), Taken::default());
    // What needs none is answered.
    assert_eq!(full(Side::Task, &[b"FFMPEG_RET", &task.to_le_bytes()]), Taken::default());
    assert_eq!(rules.finish(task, 0).len(), 1);
}

#[test]
fn results_are_kept_up_to_a_limit() {
    let mut rules = rules();
    let first = begin(&mut rules);
    rules.finish(first, 1);
    for _ in 0..4096 {
        let task = begin(&mut rules);
        rules.finish(task, 2);
    }
    let taken = take(&mut rules, Side::Task, &[b"FFMPEG_RET", &first.to_le_bytes()]);
    assert_eq!(value(&taken, "FFMPEG_RET")[..], [0xff; 4]);
}

/// Begins jobs as another agent until one is refused. Returns how many there are.
fn begin_all(rules: &mut Rules, id: &Bytes) -> Vec<i32> {
    let message = frames(&[b"FFMPEG_REQ", b"-y"]);
    let mut begun = || match rules.take(Side::Task, id, &message, true).event {
        Some(Event::Ffmpeg(_, task, _)) => Some(task),
        _ => None,
    };
    std::iter::from_fn(&mut begun).collect()
}

#[test]
fn an_agent_that_asks_for_job_after_job_leaves_room_for_the_others() {
    let mut rules = rules();
    let [quiet, late] = [b"quiet", b"late!"].map(|id| Bytes::from_static(id));
    rules.come(Side::Task, &quiet);
    let many = |at: u32| Bytes::copy_from_slice(&at.to_be_bytes());
    assert_eq!(begin_all(&mut rules, &many(0)).len(), 512);
    assert!(!begin_all(&mut rules, &late).is_empty());
    // Many of them take all, except for what is kept for those that were there.
    (1..100).for_each(|at| drop(begin_all(&mut rules, &many(at))));
    assert!(begin_all(&mut rules, &Bytes::from_static(b"later")).is_empty());
    assert_eq!(begin_all(&mut rules, &quiet).len(), 1);
}

#[test]
fn an_agent_that_ends_job_after_job_does_not_push_out_the_codes_of_others() {
    let mut rules = rules();
    let quiet = begin(&mut rules);
    rules.finish(quiet, 7);
    let other = Bytes::from_static(b"other");
    for _ in 0..20 {
        begin_all(&mut rules, &other).into_iter().for_each(|task| drop(rules.finish(task, 0)));
    }
    let asked = take(&mut rules, Side::Task, &[b"FFMPEG_RET", &quiet.to_le_bytes()]);
    assert_eq!(value(&asked, "FFMPEG_RET")[..], 7i32.to_le_bytes());
}
