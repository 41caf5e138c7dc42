//! A simulated service below the SDK, around the embedded store: transactions are prepared, decided and applied item by
//! item as the real ones are, tokens are forgotten after ten minutes, and a network between that loses, repeats and
//! delays what one seed says.
//!
//! Everything runs on one thread and on tokio's paused clock, so that a seed is one run.
//!
//! Single reads do not see what a transaction has not yet applied, and other writes of its items are refused meanwhile.
//! What the service refuses as malformed is left to the engine, but for an item that is named twice.
//!
//! * `network`: what happens to a request on its way
//! * `service`: how a request is executed
//!
//! [Idziorek et al., *Distributed Transactions at Scale in Amazon DynamoDB*, ATC 2023](https://www.usenix.org/conference/atc23/presentation/idziorek)

mod network;
mod service;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How often a request of a thousand meets each fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    pub drop_before: u32,
    pub lose_answer: u32,
    pub lose_answer_as_500: u32,
    pub server_error: u32,
    pub throttle: u32,
    pub conflict: u32,
    /// Executed twice, at the same time.
    pub duplicate: u32,
    /// Answered, and a copy is executed minutes later.
    pub late_copy: u32,
    /// Not answered, and executed minutes later only.
    pub stray: u32,
}

impl Rates {
    pub fn all(per_mille: u32) -> Self {
        Self {
            drop_before: per_mille,
            lose_answer: per_mille,
            lose_answer_as_500: per_mille,
            server_error: per_mille,
            throttle: per_mille,
            conflict: per_mille,
            duplicate: per_mille,
            late_copy: per_mille,
            stray: per_mille,
        }
    }
}

/// What happens to one request of the operation that it is planned for.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Executed when it is told to, and never answered.
    Stray(Arc<Notify>),
    /// Executed at once, and never answered.
    Lost,
    /// Refused as if another transaction held the first item.
    Conflict,
}

/// The service; every clone is the same.
#[derive(Debug, Clone)]
pub struct Sim {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: StdRng,
    rates: Rates,
    /// How often each fault happened, and each operation was executed.
    counts: BTreeMap<String, u32>,
    plans: VecDeque<(String, Plan)>,
    /// Items that a transaction has prepared.
    held: HashMap<String, u64>,
    tokens: HashMap<String, Token>,
    /// The names of each table's key attributes.
    keys: HashMap<String, Vec<String>>,
    transactions: u64,
    /// Copies that are still under way.
    copies: u32,
    /// Whether the execution of a copy panicked, which nobody else would notice.
    panicked: bool,
    /// The longest time, in milliseconds, between the items of a transaction that is applied.
    gap: u64,
    /// A service that is broken on purpose: reads of several items meet no transactions, as single reads do.
    torn_reads: bool,
}

#[derive(Debug)]
struct Token {
    body: serde_json::Value,
    /// When the transaction was completed; `None` while it runs.
    done: Option<Instant>,
}

impl Sim {
    /// A service with an empty store; its client.
    pub fn new(seed: u64) -> (Self, Client) {
        let state = State {
            random: StdRng::seed_from_u64(seed),
            rates: Rates::default(),
            counts: BTreeMap::new(),
            plans: VecDeque::new(),
            held: HashMap::new(),
            tokens: HashMap::new(),
            keys: HashMap::new(),
            transactions: 0,
            copies: 0,
            panicked: false,
            gap: 5,
            torn_reads: false,
        };
        let sim = Self { state: Arc::new(Mutex::new(state)) };
        let client = dynamap::embedded::memory().expect("an embedded store");
        let inner = client.config().http_client().expect("the store is an HTTP client");
        let http = SharedHttpClient::new(SimClient { inner, sim: sim.clone() });
        let config = client.config().to_builder().http_client(http).build();
        (sim, Client::from_conf(config))
    }

    pub fn set_rates(&self, rates: Rates) {
        self.state().rates = rates;
    }

    /// What the next request of an operation meets, that no earlier plan is for.
    pub fn plan(&self, operation: &str, plan: Plan) {
        self.state().plans.push_back((operation.to_owned(), plan));
    }

    /// Lets transactions be half applied for up to so many milliseconds.
    pub fn apply_slowly(&self, gap: u64) {
        self.state().gap = gap;
    }

    /// Lets reads of several items see a transaction half applied, as if they were single reads.
    pub fn tear_reads(&self) {
        self.state().torn_reads = true;
    }

    /// How often something happened: the name of a fault, or of an operation that was executed.
    pub fn count(&self, what: &str) -> u32 {
        self.state().counts.get(what).copied().unwrap_or_default()
    }

    /// How many copies are still under way.
    pub fn copies(&self) -> u32 {
        let state = self.state();
        assert!(!state.panicked, "a copy could not be executed");
        state.copies
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, what: &str) {
        *self.state().counts.entry(what.to_owned()).or_default() += 1;
    }

    /// A number from 0 to below `bound`.
    fn random(&self, bound: u64) -> u64 {
        self.state().random.random_range(0..bound)
    }
}

#[derive(Debug)]
struct SimClient {
    inner: SharedHttpClient,
    sim: Sim,
}

#[derive(Debug)]
struct SimConnector {
    inner: SharedHttpConnector,
    sim: Sim,
}

impl HttpClient for SimClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(SimConnector { inner, sim: self.sim.clone() })
    }
}

impl HttpConnector for SimConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, sim) = (self.inner.clone(), self.sim.clone());
        let call = service::Call::new(inner, sim, request);
        HttpConnectorFuture::new(network::deliver(call))
    }
}
