//! Histories as Elle's command line reads them: a JSON array, one call or return a line.
//!
//! The format is that of <https://github.com/ligurio/elle-cli>, models `list-append` and `rw-register`.
//! Versions are not part of it: Elle infers the order of registers itself.

use serde_json::{Value as Json, json};

use super::history::{End, History, Key, Micro, Value};

impl History {
    /// The history for `elle-cli`.
    pub fn to_elle_json(&self) -> String {
        let mut lines = Vec::new();
        for txn in &self.txns {
            let asked: Vec<_> = txn.steps.iter().map(|step| step_json(&step.asked())).collect();
            let told = if txn.end == End::Ok {
                txn.steps.iter().map(step_json).collect()
            } else {
                asked.clone()
            };
            lines.push((txn.called, line("invoke", txn.process, txn.called, &asked)));
            lines.push((txn.returned, line(word(txn.end), txn.process, txn.returned, &told)));
        }
        lines.sort_by_key(|(index, _)| *index);
        let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
        format!("[{}]\n", lines.join(",\n"))
    }

    /// The history that [`to_elle_json`](Self::to_elle_json) wrote. `None` for anything else.
    pub fn from_elle_json(text: &str) -> Option<Self> {
        let events: Vec<Json> = serde_json::from_str(text).ok()?;
        let mut history = Self::default();
        let mut open: Vec<(u64, usize)> = Vec::new();
        for event in &events {
            let process = event["process"].as_u64()?;
            let end = match event["type"].as_str()? {
                "invoke" => {
                    open.push((process, history.call(u32::try_from(process).ok()?)));
                    continue;
                }
                "ok" => End::Ok,
                "fail" => End::Fail,
                "info" => End::Info,
                _ => return None,
            };
            let called = open.iter().position(|(of, _)| *of == process)?;
            let (_, txn) = open.swap_remove(called);
            let steps = event["value"].as_array()?.iter().map(step).collect::<Option<_>>()?;
            history.end(txn, end, steps);
        }
        Some(history)
    }
}

fn line(kind: &str, process: u32, index: usize, steps: &[Json]) -> String {
    json!({
        "type": kind, "f": "txn", "process": process, "index": index, "time": index, "value": steps,
    })
    .to_string()
}

fn word(end: End) -> &'static str {
    match end {
        End::Ok => "ok",
        End::Fail => "fail",
        End::Info => "info",
    }
}

fn step_json(step: &Micro) -> Json {
    match step {
        Micro::Append(key, value) => json!(["append", key, value]),
        Micro::ReadList(key, list) => json!(["r", key, list]),
        Micro::Write(key, value, _) => json!(["w", key, value]),
        Micro::ReadRegister(key, value, _) => json!(["r", key, value]),
    }
}

/// A read without an answer is taken for one of a list: the two look the same.
fn step(json: &Json) -> Option<Micro> {
    let [verb, key, value] = json.as_array()?.as_slice() else { return None };
    let key: Key = u32::try_from(key.as_u64()?).ok()?;
    Some(match verb.as_str()? {
        "append" => Micro::Append(key, value.as_u64()?),
        "w" => Micro::Write(key, value.as_u64()?, None),
        "r" if value.is_u64() => Micro::ReadRegister(key, value.as_u64(), None),
        "r" => {
            let list: Option<Vec<Value>> = serde_json::from_value(value.clone()).ok()?;
            Micro::ReadList(key, list)
        }
        _ => return None,
    })
}
