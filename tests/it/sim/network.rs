//! What happens to a request on its way to the service, and to its answer on the way back.

use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;

use super::service::{Answer, Call, error};
use super::{Plan, Rates};

/// The longest time for which AWS accepts a request after it was signed is five minutes.
const LATEST: u64 = 299_000;

#[derive(Debug, Clone, Copy)]
enum Fate {
    Pass,
    DropBefore,
    LoseAnswer,
    LoseAnswerAs500,
    ServerError,
    Throttle,
    Conflict,
    Duplicate,
    LateCopy,
    Stray,
}

impl Fate {
    /// One of a thousand draws.
    fn draw(rates: &Rates, mut draw: u32) -> Self {
        for (rate, fate) in [
            (rates.drop_before, Self::DropBefore),
            (rates.lose_answer, Self::LoseAnswer),
            (rates.lose_answer_as_500, Self::LoseAnswerAs500),
            (rates.server_error, Self::ServerError),
            (rates.throttle, Self::Throttle),
            (rates.conflict, Self::Conflict),
            (rates.duplicate, Self::Duplicate),
            (rates.late_copy, Self::LateCopy),
            (rates.stray, Self::Stray),
        ] {
            if draw < rate {
                return fate;
            }
            draw -= rate;
        }
        Self::Pass
    }
}

pub(super) async fn deliver(call: Call) -> Answer {
    // Tables are made in peace.
    if call.operation.contains("Table") || call.operation.contains("TimeToLive") {
        return call.pass().await;
    }
    let sim = call.sim.clone();
    let planned = {
        let mut state = sim.state();
        let position = state.plans.iter().position(|(operation, _)| *operation == call.operation);
        position.and_then(|position| state.plans.remove(position))
    };
    if let Some((_, plan)) = planned {
        return follow(call, plan).await;
    }
    pause(&call, 20).await;
    let rates = sim.state().rates;
    let draw = u32::try_from(sim.random(1000)).unwrap_or_default();
    let fate = Fate::draw(&rates, draw);
    if !matches!(fate, Fate::Pass) {
        sim.saw(&format!("{fate:?}"));
    }
    match fate {
        Fate::Pass => {
            let answer = executed(call.copy()).await;
            pause(&call, 20).await;
            answer
        }
        Fate::DropBefore => Err(broken()),
        Fate::LoseAnswer => {
            executed(call).await?;
            Err(broken())
        }
        Fate::LoseAnswerAs500 => {
            executed(call).await?;
            error(500, "InternalServerError")
        }
        Fate::ServerError => error(500, "InternalServerError"),
        Fate::Throttle => call.throttle(),
        Fate::Conflict => call.conflict(),
        Fate::Duplicate => {
            let copy = tokio::spawn(executed(call.copy()));
            pause(&call, 20).await;
            let answer = executed(call).await;
            drop(copy.await);
            answer
        }
        Fate::LateCopy => {
            later(call.copy());
            executed(call).await
        }
        Fate::Stray => {
            later(call);
            Err(broken())
        }
    }
}

async fn follow(call: Call, plan: Plan) -> Answer {
    match plan {
        Plan::Lost => {
            executed(call).await?;
            Err(broken())
        }
        Plan::Conflict => call.conflict(),
        Plan::Stray(released) => {
            call.sim.state().copies += 1;
            tokio::spawn(async move {
                released.notified().await;
                arrive(call).await;
            });
            Err(broken())
        }
    }
}

/// Executes a copy minutes later.
fn later(call: Call) {
    let time = Duration::from_millis(call.sim.random(LATEST));
    call.sim.state().copies += 1;
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        arrive(call).await;
    });
}

/// Executes a copy that nobody waits for.
async fn arrive(call: Call) {
    let sim = call.sim.clone();
    let panicked = tokio::spawn(executed(call)).await.is_err();
    let mut state = sim.state();
    state.copies -= 1;
    state.panicked |= panicked;
}

/// Executes a request to its end, also where its caller is gone: the service does not stop half-way.
async fn executed(call: Call) -> Answer {
    match tokio::spawn(async move { call.execute().await }).await {
        Ok(answer) => answer,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

pub(super) async fn pause(call: &Call, bound: u64) {
    let time = call.sim.random(bound);
    tokio::time::sleep(Duration::from_millis(time)).await;
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection broke".into())
}
