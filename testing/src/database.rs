//! The handle that a test holds.

use std::future::IntoFuture;
use std::pin::pin;

use dynamap_faults::Faults;
use dynamap_mapper::raw::{RawTable, ScanTerms};
use dynamap_mapper::{Database, Error, Loaded, Model};
use futures_util::TryStreamExt as _;
use futures_util::future::{Either, select};

use crate::builder::TestDatabaseBuilder;
use crate::clock::TestClock;
use crate::error::TestError;
use crate::json;
use crate::requests::Requests;
use crate::stored::{self, Dump};

/// A database of one test: a store in memory with the tables of its models, and what the test needs to steer and watch it.
///
/// The program is given [`database`](Self::database), and does not know that it is tested. What the kit does by itself,
/// fixtures and dumps, goes past faults and log.
///
/// Two of them share nothing. Two runs of one test are the same, down to ids, nonces and times, as long as the program does
/// the same in the same order. Dropping it drops the store.
///
/// ```
/// use dynamap::testing::TestDatabase;
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let one = TestDatabase::builder().with::<Account>().build().await?;
/// let two = TestDatabase::builder().with::<Account>().build().await?;
/// Account { id: 1, balance: 5 }.insert(one.database()).await?;
/// assert!(Account::get(two.database(), 1).await?.is_none());
///
/// assert_eq!(one.requests(), ["PutItem accounts"]);
/// one.forget_requests();
/// assert_eq!(one.dump("accounts").await?.items().len(), 1);
/// assert!(one.requests().is_empty()); // a dump is no request of the program
/// assert_eq!(one.clock().now(), two.clock().now());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestDatabase {
    pub(crate) database: Database,
    /// The same store, past faults and log.
    pub(crate) own: Database,
    pub(crate) prefix: String,
    pub(crate) faults: Faults,
    pub(crate) clock: TestClock,
}

impl TestDatabase {
    /// A database of one's own: name the models, then `build`.
    pub fn builder() -> TestDatabaseBuilder {
        TestDatabaseBuilder::new()
    }

    /// What the program under test is given. What its requests cost is told by
    /// [`metered`](Database::metered).
    ///
    /// ```
    /// use dynamap::testing::TestDatabase;
    /// # use dynamap::Model;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder().with::<Account>().build().await?;
    /// let (db, meter) = test.database().metered();
    /// Account { id: 1, balance: 5 }.insert(&db).await?;
    /// assert!((meter.capacity().total().write - 1.0).abs() < f64::EPSILON);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What goes wrong: lost answers, throttling, requests that are held.
    ///
    /// ```
    /// use dynamap::faults::Fault;
    /// use dynamap::testing::TestDatabase;
    /// # use dynamap::Model;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder().with::<Account>().build().await?;
    /// test.faults().next("PutItem", Fault::LoseAnswer);
    /// Account { id: 1, balance: 5, version: 0 }.insert(test.database()).await?;
    /// assert_eq!(test.faults().pending(), 0);
    /// assert_eq!(Account::scan(test.database()).count().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The time that the database sees.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// What was sent so far; all of it, or since [`forget_requests`](Self::forget_requests).
    #[must_use]
    pub fn requests(&self) -> Requests {
        Requests::new(self.faults.requests(), &self.prefix)
    }

    /// Empties the log: before what a test is about.
    pub fn forget_requests(&self) {
        self.faults.clear_log();
    }

    /// Does `work`, and lets somebody else be `faster`: the next request of this operation is held, `faster` is done, and
    /// then the request goes on. What both returned.
    ///
    /// ```
    /// use dynamap::testing::TestDatabase;
    /// # use dynamap::Model;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder().with::<Account>().build().await?;
    /// let db = test.database();
    /// let mut account = Account { id: 1, balance: 5, version: 0 }.insert(db).await?;
    /// account.balance = 0;
    ///
    /// let deposit = Account::update(db, 1).add(Account::BALANCE, 10);
    /// let (saved, deposited) = test.race("UpdateItem", account.save(db), deposit).await?;
    /// assert!(deposited.is_ok());
    /// assert!(saved.is_err_and(|error| error.is_conflict()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TestError::NotSent`] where `work` ends without such a request; `faster` was not begun then.
    pub async fn race<T, U>(
        &self,
        operation: &str,
        work: impl IntoFuture<Output = T>,
        faster: impl IntoFuture<Output = U>,
    ) -> Result<(T, U), TestError> {
        let gate = self.faults.pause(operation);
        let mut work = pin!(work.into_future());
        // In a block: what waits at the gate borrows it.
        let ended = {
            let reached = pin!(gate.reached());
            matches!(select(reached, work.as_mut()).await, Either::Right(_))
        };
        if ended {
            return Err(TestError::NotSent { operation: operation.to_owned() });
        }
        let faster = faster.await;
        gate.release();
        Ok((work.await, faster))
    }

    /// Inserts models that are written down as plain JSON, one object or a list of them, as the program would insert them:
    /// with version, times, guards of unique values and rows of views. What was stored, in the order of the text.
    ///
    /// Attributes have the names and forms in which they are stored; `null` is an absent one. What JSON does not tell
    /// apart the model decides: a list may be a set, a text may be bytes in base64. Numbers keep all their digits. Keys
    /// that are taken from a counter are given, and the counter is raised; what is composed of fields, the version, and
    /// whatever else the library adds are left out.
    ///
    /// ```
    /// use std::collections::BTreeSet;
    /// use dynamap::Model;
    /// use dynamap::testing::TestDatabase;
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", validate = false)]
    /// struct User { #[model(hash_key)] id: u64, roles: BTreeSet<String>, #[model(version)] version: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder().with::<User>().build().await?;
    /// // In a test `include_str!("fixtures/users.json")`.
    /// let users = test.insert_json::<User>(r#"[{"id": 1, "roles": ["admin", "author"]}, {"id": 2, "roles": []}]"#).await?;
    /// assert_eq!((users[0].roles.len(), users[0].version), (2, 1));
    ///
    /// let error = test.insert_json::<User>(r#"{"id": 3, "rolls": []}"#).await.expect_err("misspelled");
    /// assert!(error.to_string().contains("`rolls`"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TestError::Json`], [`TestError::Unfit`], and [`TestError::Refused`] of what DynamoDB cannot hold, before anything
    /// is stored; [`TestError::Refused`] also as [`insert`](Model::insert) fails: the items before that one are stored.
    pub async fn insert_json<M: Model>(&self, text: &str) -> Result<Vec<Loaded<M>>, TestError> {
        let mut stored = Vec::new();
        for model in json::models::<M>(text)? {
            let inserted = model.insert(&self.own).with_own_key().await;
            stored.push(inserted.map_err(|error| refused(stored.len() + 1, stored.len(), error))?);
        }
        Ok(stored)
    }

    /// Stores items as they are, in DynamoDB JSON: what [`dump`](Self::dump) wrote, what a table's export holds, what
    /// `aws dynamodb get-item --query Item` prints; of older schemas, and of other programs. How many there were.
    ///
    /// ```
    /// use dynamap::testing::TestDatabase;
    /// # use dynamap::Model;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder().with::<Account>().build().await?;
    /// test.load_items("accounts", r#"{"id": {"N": "1"}, "balance": {"N": "5"}}"#).await?;
    /// let old = Account::get(test.database(), 1).await?.expect("an account without a version");
    /// assert_eq!((old.balance, old.version), (5, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TestError::Json`], [`TestError::Store`] where there is no such table, and [`TestError::Refused`] where an item can
    /// never be stored, before anything is; [`TestError::Refused`] also where there is another item with the same key:
    /// those before it are stored.
    ///
    /// [AWS: DynamoDB JSON](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html)
    pub async fn load_items(&self, table: &str, text: &str) -> Result<usize, TestError> {
        let items = stored::items(text)?;
        let (table, count) = (self.raw(table).await?, items.len());
        for (item, position) in items.iter().zip(1..) {
            table.check(item).map_err(|error| refused(position, 0, error))?;
        }
        for (item, before) in items.into_iter().zip(0..) {
            let inserted = table.insert(item).await;
            inserted.map_err(|error| refused(before + 1, before, error))?;
        }
        Ok(count)
    }

    /// Every item of a table as it is stored, in the order of the keys: to be compared with a snapshot.
    ///
    /// # Errors
    /// [`TestError::Store`] where there is no such table.
    pub async fn dump(&self, table: &str) -> Result<Dump, TestError> {
        let table = self.raw(table).await?;
        let terms = ScanTerms { segments: 1, page_size: None, consistent: true };
        let items = table.items(terms).try_collect::<Vec<_>>().await?;
        Ok(Dump::new(items, &table.keys()))
    }

    async fn raw(&self, table: &str) -> Result<RawTable, TestError> {
        Ok(Box::pin(RawTable::of(&self.own, table)).await?)
    }
}

fn refused(position: usize, stored: usize, error: Error) -> TestError {
    TestError::Refused { position, stored, error: Box::new(error) }
}
