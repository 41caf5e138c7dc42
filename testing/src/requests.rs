//! What was sent, in order.

use std::fmt;

use dynamap_faults::Request;

/// The requests of the program under test, in the order in which they arrived; from
/// [`TestDatabase::requests`](crate::TestDatabase::requests). Every attempt is one, also one without an answer.
///
/// It is compared with a list of lines, and a comparison that fails shows the log: the operation as AWS names it, then the
/// table without prefix, or all tables in the order of their names, then the index.
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
/// let db = test.database();
/// Account { id: 1, balance: 5 }.insert(db).await?;
/// Account::get(db, 1).await?;
///
/// let requests = test.requests();
/// assert_eq!(requests, ["PutItem accounts", "GetItem accounts"]);
/// assert_eq!(requests.count("GetItem"), 1);
/// assert_eq!(requests.of_table("orders"), []);
/// assert_eq!((requests.len(), requests.is_empty()), (2, false));
/// assert_eq!(requests.lines()[1], "GetItem accounts");
/// assert_eq!(requests.as_slice()[1].body["Key"]["id"]["N"], "1");
/// assert_eq!(format!("{requests:?}"), r#"["PutItem accounts", "GetItem accounts"]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Requests {
    requests: Vec<Request>,
    prefix: String,
}

impl Requests {
    pub(crate) fn new(requests: Vec<Request>, prefix: &str) -> Self {
        Self { requests, prefix: prefix.to_owned() }
    }

    /// How many requests of this operation there are.
    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        self.requests.iter().filter(|request| request.operation == operation).count()
    }

    /// Those that name this table, without the prefix.
    #[must_use]
    pub fn of_table(&self, table: &str) -> Self {
        let names =
            |request: &&Request| request.tables().iter().any(|name| self.bare(name) == table);
        let requests = self.requests.iter().filter(names).cloned().collect();
        Self { requests, prefix: self.prefix.clone() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// What was sent, with bodies, tokens and the faults that were met.
    #[must_use]
    pub fn as_slice(&self) -> &[Request] {
        &self.requests
    }

    /// A line for each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.requests.iter().map(|request| self.line(request)).collect()
    }

    fn line(&self, request: &Request) -> String {
        let tables: Vec<_> = request.tables().into_iter().map(|name| self.bare(name)).collect();
        let mut line = format!("{} {}", request.operation, tables.join(", "));
        if let Some(index) = request.body.get("IndexName").and_then(|name| name.as_str()) {
            line.push('/');
            line.push_str(index);
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn bare<'n>(&self, name: &'n str) -> &'n str {
        name.strip_prefix(self.prefix.as_str()).unwrap_or(name)
    }
}

impl PartialEq<[&str]> for Requests {
    fn eq(&self, lines: &[&str]) -> bool {
        self.lines() == lines
    }
}

impl<const N: usize> PartialEq<[&str; N]> for Requests {
    fn eq(&self, lines: &[&str; N]) -> bool {
        self.lines() == lines
    }
}

impl PartialEq<Vec<&str>> for Requests {
    fn eq(&self, lines: &Vec<&str>) -> bool {
        self.lines() == *lines
    }
}

/// The lines, as the list that they are compared with.
impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}

/// The lines, one below the other: for snapshots.
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
