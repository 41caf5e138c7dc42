//! The checker on small histories: each anomaly alone, and what looks like it and is none.

use proptest::prelude::*;

use super::Micro::{Append, ReadList, ReadRegister, Write};
use super::{Beside, End, History, Key, Kind, Level, Micro, Value, check};

fn app(key: Key, value: Value) -> Micro {
    Append(key, value)
}

fn list(key: Key, values: &[Value]) -> Micro {
    ReadList(key, Some(values.to_vec()))
}

fn set(key: Key, value: Value, version: u64) -> Micro {
    Write(key, value, Some(version))
}

fn got(key: Key, value: Value, version: u64) -> Micro {
    ReadRegister(key, Some(value), Some(version))
}

fn none(key: Key) -> Micro {
    ReadRegister(key, None, Some(0))
}

fn together(all: &[&[Micro]]) -> History {
    History::default().together(all)
}

/// The kinds that a history shows without a process's order or real time, each once.
fn kinds(history: &History, level: Level) -> Vec<Kind> {
    let mut kinds: Vec<_> = check(history, level).into_iter().map(|anomaly| anomaly.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn each_anomaly_of_lists_is_found_alone() {
    let failed = |value| History::default().then(0, End::Fail, &[app(1, value)]);
    let cases: Vec<(Kind, History)> = vec![
        (Kind::Internal, together(&[&[app(1, 1), list(1, &[])]])),
        (Kind::Internal, together(&[&[app(1, 1)], &[list(1, &[]), list(1, &[1])]])),
        (Kind::Duplicate, together(&[&[app(1, 1)], &[list(1, &[1, 1])]])),
        (
            Kind::IncompatibleOrder,
            together(&[&[app(1, 1)], &[app(1, 2)], &[list(1, &[1])], &[list(1, &[2])]]),
        ),
        (
            Kind::G0,
            together(&[
                &[app(1, 1), app(2, 1)],
                &[app(1, 2), app(2, 2)],
                &[list(1, &[1, 2])],
                &[list(2, &[2, 1])],
            ]),
        ),
        (Kind::G1a, failed(1).then(1, End::Ok, &[list(1, &[1])])),
        (Kind::G1a, together(&[&[list(1, &[7])]])),
        (Kind::G1b, together(&[&[app(1, 1), app(1, 2)], &[list(1, &[1])]])),
        (Kind::G1c, together(&[&[app(1, 1), list(2, &[1])], &[app(2, 1), list(1, &[1])]])),
        (
            Kind::GSingle,
            together(&[&[app(1, 1), app(2, 1)], &[list(1, &[1]), list(2, &[])], &[list(2, &[1])]]),
        ),
        (
            Kind::G2Item,
            together(&[
                &[list(1, &[]), app(2, 1)],
                &[list(2, &[]), app(1, 1)],
                &[list(1, &[1])],
                &[list(2, &[1])],
            ]),
        ),
    ];
    for (kind, history) in cases {
        let found = check(&history, Level::Serializable);
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|anomaly| anomaly.kind == kind), "{kind:?}: {shown:#?}");
        // A read of a version that was never final has an anti-dependency on its writer as well.
        let also: &[Kind] = if kind == Kind::G1b { &[Kind::GSingle] } else { &[] };
        let others: Vec<_> = found
            .iter()
            .filter(|anomaly| anomaly.kind != kind && !also.contains(&anomaly.kind))
            .collect();
        assert!(others.is_empty(), "{kind:?}: {shown:#?}");
    }
}

#[test]
fn each_anomaly_of_registers_is_found() {
    let cases: Vec<(&[Kind], History)> = vec![
        (&[Kind::Internal], together(&[&[set(1, 1, 1), none(1)]])),
        (&[Kind::IncompatibleOrder], together(&[&[set(1, 1, 1)], &[set(1, 2, 1)]])),
        (&[Kind::Duplicate], together(&[&[set(1, 1, 1)], &[got(1, 1, 2)]])),
        (&[Kind::G0], together(&[&[set(1, 1, 1), set(2, 1, 2)], &[set(1, 2, 2), set(2, 2, 1)]])),
        (
            &[Kind::G1b],
            together(&[&[Write(1, 1, None), set(1, 2, 1)], &[ReadRegister(1, Some(1), None)]]),
        ),
        (&[Kind::G1c], together(&[&[set(1, 1, 1), got(2, 1, 1)], &[set(2, 1, 1), got(1, 1, 1)]])),
        (
            &[Kind::LostUpdate, Kind::GSingle],
            together(&[&[none(1), set(1, 1, 1)], &[none(1), set(1, 2, 2)]]),
        ),
        (&[Kind::GSingle], together(&[&[set(1, 1, 1), set(2, 1, 1)], &[none(1), got(2, 1, 1)]])),
        // Write skew.
        (&[Kind::G2Item], together(&[&[none(1), set(2, 1, 1)], &[none(2), set(1, 1, 1)]])),
        // Long fork.
        (
            &[Kind::G2Item],
            together(&[
                &[set(1, 1, 1)],
                &[set(2, 1, 1)],
                &[got(1, 1, 1), none(2)],
                &[none(1), got(2, 1, 1)],
            ]),
        ),
        // The read-only anomaly: a withdrawal with a charge, a deposit, and a report that saw only the deposit.
        (
            &[Kind::G2Item],
            together(&[
                &[none(1), none(2), set(1, 1, 1)],
                &[none(2), set(2, 1, 1)],
                &[none(1), got(2, 1, 1)],
            ]),
        ),
    ];
    for (expected, history) in cases {
        let found = check(&history, Level::Serializable);
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(kinds(&history, Level::Serializable), expected, "{shown:#?}");
    }
}

#[test]
fn what_a_serial_order_explains_is_clean() {
    let unknown = History::default().then(0, End::Info, &[app(1, 1)]);
    let clean = [
        together(&[&[app(1, 1), app(2, 1)], &[list(1, &[1]), list(2, &[1])], &[list(2, &[])]]),
        together(&[
            &[app(1, 1), app(1, 2)],
            &[list(1, &[1, 2])],
            &[app(1, 3), list(1, &[1, 2, 3])],
        ]),
        together(&[&[app(1, 1), list(1, &[1])], &[list(1, &[]), app(2, 1)]]),
        together(&[&[none(1), set(1, 1, 1)], &[got(1, 1, 1), set(1, 2, 2)], &[got(1, 2, 2)]]),
        // Unknown: it may have had its effect, or not.
        unknown.clone().then(1, End::Ok, &[list(1, &[1])]),
        unknown.then(1, End::Ok, &[list(1, &[])]),
    ];
    for history in clean {
        assert_eq!(check(&history, Level::StrictSerializable), []);
    }
}

#[test]
fn a_level_forbids_its_own_anomalies_and_those_before_it() {
    let skew = together(&[&[none(1), set(2, 1, 1)], &[none(2), set(1, 1, 1)]]);
    let lost = together(&[&[none(1), set(1, 1, 1)], &[none(1), set(1, 2, 2)]]);
    let aborted =
        History::default().then(0, End::Fail, &[app(1, 1)]).then(1, End::Ok, &[list(1, &[1])]);
    for (history, from) in
        [(skew, Level::Serializable), (lost, Level::Snapshot), (aborted, Level::ReadCommitted)]
    {
        for level in
            [Level::ReadCommitted, Level::Snapshot, Level::Serializable, Level::StrictSerializable]
        {
            assert_eq!(check(&history, level).is_empty(), level < from, "{level:?}");
        }
    }
}

#[test]
fn an_old_state_is_serializable_but_neither_in_its_process_nor_in_real_time() {
    let stale = |reader| {
        let history = History::default().then(0, End::Ok, &[app(1, 1)]);
        history.then(reader, End::Ok, &[list(1, &[])]).then(2, End::Ok, &[list(1, &[1])])
    };
    for (reader, level, beside) in
        [(0, Level::Session, Beside::Process), (1, Level::StrictSerializable, Beside::RealTime)]
    {
        let history = stale(reader);
        assert_eq!(check(&history, Level::Serializable), []);
        let found = check(&history, level);
        assert!(!found.is_empty());
        assert!(found.iter().all(|anomaly| anomaly.kind == Kind::GSingle), "{found:?}");
        assert_eq!(found[0].beside, beside);
    }
    assert_eq!(check(&stale(1), Level::Session), []);
}

#[test]
fn a_committed_append_that_nobody_sees_any_more_is_found_in_real_time() {
    let history =
        History::default().then(0, End::Ok, &[app(1, 1)]).then(1, End::Ok, &[list(1, &[])]);
    assert_eq!(kinds(&history, Level::StrictSerializable), [Kind::GSingle]);
}

#[test]
fn the_evidence_names_the_transactions_and_keys() {
    let history = together(&[&[none(1), set(2, 1, 1)], &[none(2), set(1, 1, 1)]]);
    let found = check(&history, Level::Serializable);
    let text = found[0].to_string();
    assert!(text.starts_with("G2Item: T"), "{text}");
    assert!(text.contains("T0 before T1: T1 replaced the 1 it read."), "{text}");
    assert!(text.contains("T1 before T0: T0 replaced the 2 it read."), "{text}");
}

#[test]
fn a_history_is_the_same_after_elles_json() {
    let history = History::default()
        .together(&[
            &[app(1, 1), list(1, &[1])],
            &[Write(2, 5, None), ReadRegister(2, Some(5), None)],
        ])
        .then(3, End::Fail, &[app(1, 2), ReadList(1, None)])
        .then(3, End::Info, &[app(1, 3)]);
    let json = history.to_elle_json();
    let first = r#"{"f":"txn","index":0,"process":0,"time":0,"type":"invoke","value":[["append",1,1],["r",1,null]]}"#;
    let lines: Vec<_> = json.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], format!("[{first},"));
    assert!(lines[2].contains(r#""type":"ok","value":[["append",1,1],["r",1,[1]]]"#), "{json}");
    assert_eq!(History::from_elle_json(&json), Some(history));
}

proptest! {
    #[test]
    fn transactions_one_at_a_time_are_clean_however_their_intervals_overlap(
        txns in prop::collection::vec(
            (prop::collection::vec((any::<bool>(), 0..4_u32), 1..6), 0..3_usize, 0..6_usize, 0..6_usize),
            1..25,
        ),
        lists in any::<bool>(),
    ) {
        prop_assert_eq!(check(&serial(&txns, lists), Level::StrictSerializable), []);
    }
}

type Draft = (Vec<(bool, Key)>, usize, usize, usize);

/// Executes one after the other. Each takes effect at a moment of its own, is called up to some moments before, and
/// returns up to some moments after; one in three ends unknown, with its effect.
fn serial(all: &[Draft], lists: bool) -> History {
    let mut state: Vec<Vec<Value>> = vec![Vec::new(); 4];
    let mut fresh = 0;
    let mut events = Vec::new();
    for (moment, (steps, end, before, after)) in all.iter().enumerate() {
        let mut answers = Vec::new();
        let versions: Vec<u64> = state.iter().map(|list| list.len() as u64).collect();
        let mut installed: Vec<Option<Value>> = vec![None; 4];
        let final_writes: Vec<_> =
            (0..4).map(|key| steps.iter().rposition(|step| *step == (true, key))).collect();
        for (place, (write, key)) in steps.iter().enumerate() {
            let at = *key as usize;
            fresh += 1;
            let (values, version) = (&mut state[at], versions[at]);
            answers.push(match (write, lists) {
                (true, true) => {
                    values.push(fresh);
                    app(*key, fresh)
                }
                (true, false) => {
                    let last = final_writes[at] == Some(place);
                    installed[at] = Some(fresh);
                    Write(*key, fresh, last.then_some(version + 1))
                }
                (false, true) => list(*key, values),
                (false, false) => match installed[at] {
                    Some(own) => ReadRegister(*key, Some(own), None),
                    None => ReadRegister(*key, values.last().copied(), Some(version)),
                },
            });
        }
        for (values, value) in state.iter_mut().zip(&installed) {
            values.extend(value);
        }
        let end = if *end == 0 { End::Info } else { End::Ok };
        events.push((moment.saturating_sub(*before) * 2, false, moment, end, Vec::new()));
        events.push(((moment + after) * 2 + 1, true, moment, end, answers));
    }
    events.sort_by_key(|event| (event.0, event.1));
    let mut history = History::default();
    let mut numbers = vec![0; all.len()];
    for (_, returns, draft, end, answers) in events {
        if returns {
            history.end(numbers[draft], end, answers);
        } else {
            numbers[draft] = history.call(u32::try_from(draft).expect("few"));
        }
    }
    history
}
