//! Cycles of the graph: transactions that each come before the other.

use std::collections::BTreeSet;

use petgraph::algo::{astar, kosaraju_scc};
use petgraph::graph::{EdgeReference, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef};

use super::graph::{Graph, Why};
use super::history::History;
use super::{Anomaly, Beside, Kind};

/// Looks for each kind of cycle with as little as it needs: first without, then with what lies beside the data.
///
/// One cycle is reported for each kind and each component.
pub fn check(history: &History, graph: &Graph, found: &mut Vec<Anomaly>) {
    for beside in [Beside::Nothing, Beside::Process, Beside::RealTime] {
        for kind in [Kind::G0, Kind::G1c, Kind::GSingle, Kind::G2Item] {
            search(history, graph, kind, beside, found);
        }
    }
}

/// Whether a cycle of this kind may go over the edge once it has left its first edge.
fn allowed(why: Why, kind: Kind, beside: Beside) -> bool {
    match why {
        Why::Ww(_) => true,
        Why::Wr(_) => kind != Kind::G0,
        Why::Rw(_) => kind == Kind::G2Item,
        Why::Process => beside >= Beside::Process,
        Why::RealTime => beside >= Beside::RealTime,
    }
}

/// Whether a cycle of this kind has such an edge for certain: the search begins there.
fn begins(why: Why, kind: Kind) -> bool {
    match kind {
        Kind::G0 => matches!(why, Why::Ww(_)),
        Kind::G1c => matches!(why, Why::Wr(_)),
        _ => matches!(why, Why::Rw(_)),
    }
}

fn search(history: &History, graph: &Graph, kind: Kind, beside: Beside, found: &mut Vec<Anomaly>) {
    let all = EdgeFiltered::from_fn(graph, |edge: EdgeReference<'_, Why>| {
        allowed(*edge.weight(), kind, beside) || begins(*edge.weight(), kind)
    });
    let rest = EdgeFiltered::from_fn(graph, |edge: EdgeReference<'_, Why>| {
        allowed(*edge.weight(), kind, beside)
    });
    for component in kosaraju_scc(&all).into_iter().filter(|component| component.len() > 1) {
        let members: BTreeSet<NodeIndex> = component.into_iter().collect();
        let cycle = graph
            .edge_references()
            .filter(|edge| begins(*edge.weight(), kind))
            .filter(|edge| members.contains(&edge.source()) && members.contains(&edge.target()))
            .find_map(|edge| {
                let goal = edge.source();
                let back = astar(&rest, edge.target(), |node| node == goal, |_| 1, |_| 0)?;
                let cycle =
                    described(graph, *edge.weight(), &back.1, |why| allowed(why, kind, beside));
                fits(&cycle, kind, beside).then_some(cycle)
            });
        if let Some(cycle) = cycle {
            found.push(Anomaly { kind, beside, evidence: text(history, &cycle) });
        }
    }
}

/// Each transaction of the cycle with why it comes before the next.
fn described(
    graph: &Graph,
    first: Why,
    back: &[NodeIndex],
    allowed: impl Fn(Why) -> bool,
) -> Vec<(usize, Why)> {
    let last = back.last().expect("a path has an end");
    let mut cycle = vec![(graph[*last], first)];
    for pair in back.windows(2) {
        let why = graph.edges_connecting(pair[0], pair[1]).map(|edge| *edge.weight());
        let why = why.filter(|why| allowed(*why)).min().expect("the path went over an edge");
        cycle.push((graph[pair[0]], why));
    }
    cycle
}

/// A cycle with less is of another kind, which reports it.
fn fits(cycle: &[(usize, Why)], kind: Kind, beside: Beside) -> bool {
    let has = |wanted: fn(&Why) -> bool| cycle.iter().filter(|(_, why)| wanted(why)).count();
    let several = has(|why| matches!(why, Why::Rw(_))) > 1;
    let needs = match beside {
        Beside::Nothing => true,
        Beside::Process => has(|why| *why == Why::Process) > 0,
        Beside::RealTime => has(|why| *why == Why::RealTime) > 0,
    };
    needs && (kind != Kind::G2Item || several)
}

fn text(history: &History, cycle: &[(usize, Why)]) -> String {
    let mut parts = Vec::new();
    for (place, (number, why)) in cycle.iter().enumerate() {
        let next = cycle[(place + 1) % cycle.len()].0;
        let why = match why {
            Why::Ww(key) => format!("T{next} replaced its {key}"),
            Why::Wr(key) => format!("T{next} read its {key}"),
            Why::Rw(key) => format!("T{next} replaced the {key} it read"),
            Why::Process => format!("T{next} is a later one of its process"),
            Why::RealTime => format!("T{next} began after its end"),
        };
        parts.push(format!("T{number} before T{next}: {why}."));
    }
    for (number, _) in cycle {
        parts.push(format!("T{number} = {:?}.", history.txns[*number].steps));
    }
    parts.join(" ")
}
