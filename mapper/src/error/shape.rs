//! Items whose shape is not the model's: of other schemas, or of other programs.

use semver::Version;

use super::Target;
use crate::codec::DecodeError;
use crate::key::Key;
use crate::layout::Layout;
use crate::upgrade::UpgradeError;

/// An item that does not fit its model.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # let id = AttributeValue::N("1".into());
/// # let put = db.client().put_item().table_name("accounts").item("id", id);
/// // Another program has stored text where the model has a number:
/// put.item("balance", AttributeValue::S("five".into())).send().await?;
/// let Err(Error::Decode(wrong)) = Account::get(&db, 1).await else { panic!("it does not fit") };
/// assert_eq!(wrong.target.to_string(), "(id = 1) of table accounts");
/// assert_eq!(wrong.error.path(), "balance");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Undecodable {
    /// Which item.
    pub target: Target,
    /// Which attribute, what was expected and what was found.
    pub error: DecodeError,
}

/// The schemas of an item and of the model that tried to read it.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", schema = "1.2.0", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # let put = db.client().put_item().table_name("accounts").item("id", AttributeValue::N("1".into()));
/// # put.item("_schema", AttributeValue::S("2.0.0".into())).send().await?;
/// // A newer release has stored account 1 in schema 2.0.0.
/// let Err(Error::SchemaTooNew(gap)) = Account::get(&db, 1).await else { panic!("it is too new") };
/// assert_eq!((gap.stored.to_string(), gap.known.to_string()), ("2.0.0".into(), "1.2.0".into()));
/// assert_eq!(gap.target.table, "accounts");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SchemaGap {
    /// Which item.
    pub target: Target,
    /// The schema of the item.
    pub stored: Version,
    /// The schema of the model.
    pub known: Version,
}

/// What an older schema cannot hold.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Error, Item, Migrations, Model, Step, StepError, Table};
/// fn add_country(item: &mut Item) -> Result<(), StepError> {
///     item.set_default("country", AttributeValue::S("unknown".into()));
///     Ok(())
/// }
///
/// fn drop_country(item: &mut Item) -> Result<(), StepError> {
///     item.remove("country");
///     Ok(())
/// }
///
/// static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", add_country).down(drop_country)]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// struct User { #[model(hash_key)] id: u64, country: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = dynamap::embedded::memory()?;
/// let db = Database::builder(client).write_as::<User>("1.0.0")?.build();
/// # Table::<User>::create(&db).await?;
/// User { id: 1, country: "unknown".into() }.insert(&db).await?; // reads the same without the attribute
/// let lost = User { id: 2, country: "CH".into() }.insert(&db).await;
/// let Err(Error::Lossy(loss)) = lost else { panic!("1.0.0 has no countries") };
/// assert_eq!((loss.schema.to_string().as_str(), loss.attribute.as_str()), ("1.0.0", "country"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Loss {
    /// Which item.
    pub target: Target,
    /// The schema in which it was to be written.
    pub schema: Version,
    /// The attribute that would be another one, or gone.
    pub attribute: String,
}

/// An item that a migration step could not read.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Error, Item, Migrations, Model, Step, StepError, Table};
/// use dynamap::UpgradeError;
///
/// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
///     if !item.rename("mail", "email") {
///         return Err(StepError::new("mail", "it is absent"));
///     }
///     Ok(())
/// }
///
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # let put = db.client().put_item().table_name("users").item("id", AttributeValue::N("1".into()));
/// # put.item("_schema", AttributeValue::S("1.0.0".into())).send().await?;
/// // User 1 was stored in schema 1.0.0, without `mail`.
/// let Err(Error::Upgrade(failed)) = User::get(&db, 1).await else { panic!("it has no mail") };
/// let UpgradeError::Step(step) = &failed.error else { panic!("a step failed") };
/// assert_eq!((step.to.to_string().as_str(), step.error.attribute()), ("2.0.0", "mail"));
/// assert_eq!(failed.target.to_string(), "(id = 1) of table users");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NotUpgraded {
    /// Which item.
    pub target: Target,
    /// Which step, and why.
    pub error: UpgradeError,
}

impl SchemaGap {
    pub(super) fn new(table: &str, key: &Key, stored: Version, layout: &Layout) -> Self {
        Self { target: Target::new(table, key), stored, known: layout.schema.clone() }
    }
}
