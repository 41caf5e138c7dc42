//! Which request meets which fault.

use std::collections::{BTreeMap, VecDeque};

use crate::fault::{Fault, Operation};
use crate::gate::{Hold, Side};
use crate::request::Request;

/// What is planned, and what has happened.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    next: BTreeMap<Operation, VecDeque<Planned>>,
    always: BTreeMap<Operation, Fault>,
    pub(crate) log: Vec<Request>,
}

/// What one request meets.
#[derive(Debug, Clone)]
pub(crate) enum Planned {
    Fault(Fault),
    Gate(Hold, Side),
}

impl Plan {
    pub(crate) fn push(&mut self, operation: Operation, planned: Planned) {
        self.next.entry(operation).or_default().push_back(planned);
    }

    pub(crate) fn set(&mut self, operation: Operation, fault: Fault) {
        self.always.insert(operation, fault);
    }

    pub(crate) fn clear(&mut self) {
        self.always.clear();
        for queue in self.next.values_mut() {
            queue.retain(|planned| matches!(planned, Planned::Gate(..)));
        }
    }

    /// One-shots that wait for a request. A withdrawn gate does not.
    pub(crate) fn pending(&self) -> usize {
        let waits =
            |planned: &&Planned| !matches!(planned, Planned::Gate(hold, _) if hold.is_released());
        self.next.values().flatten().filter(waits).count()
    }

    /// Takes what a request of the operation `name` meets.
    pub(crate) fn take(&mut self, name: &str) -> Option<Planned> {
        let named = Operation::from(name);
        self.take_next(&named)
            .or_else(|| self.take_next(&Operation::Any))
            .or_else(|| self.always.get(&named).cloned().map(Planned::Fault))
            .or_else(|| self.always.get(&Operation::Any).cloned().map(Planned::Fault))
    }

    fn take_next(&mut self, operation: &Operation) -> Option<Planned> {
        let queue = self.next.get_mut(operation)?;
        loop {
            match queue.pop_front()? {
                // Withdrawn before a request came.
                Planned::Gate(hold, _) if hold.is_released() => {}
                planned => return Some(planned),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;

    fn fault(plan: &mut Plan, name: &str) -> Option<Fault> {
        match plan.take(name) {
            Some(Planned::Fault(fault)) => Some(fault),
            _ => None,
        }
    }

    #[test]
    fn one_shots_go_before_standing_faults_and_named_before_any() {
        let mut plan = Plan::default();
        plan.set(Operation::Any, Fault::Throttle);
        plan.set("PutItem".into(), Fault::ServerError);
        plan.push(Operation::Any, Planned::Fault(Fault::Hang));
        plan.push("PutItem".into(), Planned::Fault(Fault::LoseAnswer));
        plan.push("PutItem".into(), Planned::Fault(Fault::DropBefore));
        assert_eq!(fault(&mut plan, "PutItem"), Some(Fault::LoseAnswer));
        assert_eq!(fault(&mut plan, "PutItem"), Some(Fault::DropBefore));
        assert_eq!(fault(&mut plan, "PutItem"), Some(Fault::Hang));
        assert_eq!(fault(&mut plan, "PutItem"), Some(Fault::ServerError));
        assert_eq!(fault(&mut plan, "GetItem"), Some(Fault::Throttle));
    }

    #[test]
    fn a_gate_withdrawn_before_a_request_came_takes_no_turn() {
        let mut plan = Plan::default();
        let gate = Gate::new();
        plan.push("PutItem".into(), Planned::Gate(gate.hold(), Side::Request));
        plan.push("PutItem".into(), Planned::Fault(Fault::Throttle));
        assert_eq!(plan.pending(), 2);
        gate.release();
        assert_eq!(plan.pending(), 1);
        assert_eq!(fault(&mut plan, "PutItem"), Some(Fault::Throttle));
        assert_eq!(plan.pending(), 0);
    }

    #[test]
    fn clearing_forgets_faults_and_keeps_gates() {
        let mut plan = Plan::default();
        let gate = Gate::new();
        plan.set(Operation::Any, Fault::Throttle);
        plan.push("PutItem".into(), Planned::Fault(Fault::Throttle));
        plan.push("PutItem".into(), Planned::Gate(gate.hold(), Side::Answer));
        plan.clear();
        assert!(matches!(plan.take("PutItem"), Some(Planned::Gate(..))));
        assert!(plan.take("PutItem").is_none());
    }
}
