//! The derive macros of dynamap: `Model` for structs that are items of a table, `Attribute` for what their fields hold.
//!
//! Users take them from the facade crate `dynamap`.
//!
//! # Layout
//!
//! One phase, one file: `attr` (what the user wrote, with spans) → `check` (every rule) → `ast` (the checked input)
//! → `expand` (only quoting). `ctxt` collects all errors; where there are some, `fallback` still emits an impl, so that
//! the compiler reports the mistake and not its consequences.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod ast;
mod attr;
mod check;
mod ctxt;
mod expand;
mod fallback;
#[cfg(test)]
mod tests;

/// Makes a struct a model: its values are stored as items of one DynamoDB table.
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", schema = "1.1.0", validate = false)]
/// pub struct Account {
///     #[model(hash_key, auto_increment)]
///     pub id: u64,
///     #[model(rename = "e-mail")]
///     pub email: String,
///     #[model(default = "EUR".to_owned())]
///     pub currency: String,
///     #[model(version)]
///     pub version: u64,
/// }
///
/// // Every field gets a typed constant, with the visibility of the field.
/// assert_eq!(Account::EMAIL.to_string(), "e-mail");
/// assert_eq!(Account::layout().table, "accounts");
/// ```
///
/// The struct needs named fields, no generics, and `Clone`. The type of each field implements
/// `dynamap::Attribute`.
///
/// # On the struct
///
/// | attribute | meaning |
/// |---|---|
/// | `table = "accounts"` | The table's name without the database's prefix: 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`. Required. |
/// | `hash_key = "USER#{user}"`, `range_key = "ORDER#{day}#{number:06}"` | A key composed of text and fields, in place of `hash_key` or `range_key` on a field. See below. |
/// | `hash_key_name = "PK"`, `range_key_name = "SK"` | The names of composed keys in the table; `pk` and `sk` where they are not given. |
/// | `discriminator = "order"` | What tells the model's items from those of others in the same table, stored in `_type`. |
/// | `discriminator_name = "kind"` | Another attribute for it. |
/// | `gsi(by_status, hash_key = status, range_key = day)` | A global secondary index. See below. Any number. |
/// | `lsi(by_total, range_key = total)` | A local secondary index: of the table's own hash key. At most five. |
/// | `unique(tenant, login)` | No two items have the same values in all of these fields; several times for several constraints. |
/// | `schema = "2.0.0"` | The schema that the struct describes, as MAJOR.MINOR.PATCH; `1.0.0` where it is not given. |
/// | `migrations = ACCOUNT_MIGRATIONS` | The path of a `static` with the chain that brings older items to this schema. A chain that ends at another schema does not compile. |
/// | `settings = ACCOUNT_TABLE` | The path of a `static` or `const` with the `TableSettings` of the table: billing, stream, encryption and the like. |
/// | `rename_all = "camelCase"` | How the names of attributes are made from those of fields: `snake_case`, `camelCase`, `PascalCase`, `kebab-case`, `SCREAMING_SNAKE_CASE`, `lowercase` or `UPPERCASE`. `rename` wins. |
/// | `view = ByCountry`, `retired_views = ["by_country"]` | Rows that follow from the items, any number; views that were given up. See `dynamap::View`. |
/// | `validate = false` | No validation. |
/// | `validate_with = check_account` | The path of a `fn(&Account) -> Result<(), garde::Report>` that validates. Without either, the struct must implement `garde::Validate` with context `()`. |
/// | `unknown = "refuse"` | An item with an attribute that no field describes is a decode error, also where a newer program wrote it; `"keep"` where it is not given: such attributes survive every save. |
/// | `normalize = lower_case` | The path of a `fn(&mut Account)` that brings a value into its normal form before every write of a whole model. |
/// | `before_write = complete` | The path of a `fn(Account, WriteVerb) -> Result<Account, garde::Report>` that completes or refuses a value, after `normalize` and before the validation. |
/// | `after_read = complete` | The path of a `fn(Account, &Item) -> Account` that completes every value that is read. |
/// | `crate = "path"` | Where the crate `dynamap` is found under another name; `::dynamap` where it is not given. |
///
/// # On a field
///
/// | attribute | meaning |
/// |---|---|
/// | `hash_key` | The hash key (AWS docs: partition key). Exactly one field, of a type stored as string, number or binary. |
/// | `range_key` | The range key (AWS docs: sort key). At most one field. |
/// | `auto_increment` | On the hash key: an insert takes the next id from a counter. The field is an integer. |
/// | `version` | The `u64` that counts the changes of an item and detects lost updates. At most one field. |
/// | `created_at` | The time of the insert, by the database's clock. The library owns it: see below. At most one field, of a type that implements `dynamap::FromClock`. |
/// | `updated_at` | The time of the last write, by the database's clock. At most one field, of a type that implements `dynamap::FromClock`. |
/// | `uuid`, `uuid = "v7"` | An insert or upsert fills a nil `uuid::Uuid`, also a key: at random, or beginning with the time (version 7). A given one is kept. |
/// | `ttl` | The attribute by which the service deletes items, of type `Ttl` or `Option<Ttl>`; `Table::create` turns it on. At most one field. |
/// | `ttl = Duration::from_hours(24)` | The same, and every write of a whole model but a save sets it so long from now: an `Option<Ttl>` where it is `None`, a `Ttl` always. |
/// | `unique` | No two items have one value: a string, a number, binary, a boolean, or a newtype of these. Absent and NULL are no values. Not beside `ttl`. See `dynamap::Unique`. |
/// | `rename = "e-mail"` | The attribute's name in the table, where it is not the field's. |
/// | `alias = "mail"`, `alias = ["mail", "Mail"]` | Other names under which the attribute is read where its own is absent. Written back under its own name when it changes, or when a write by key starts from it. Filters see stored names. |
/// | `with = BoolAsNumber` | A `dynamap::Convert` that stores the field in another form: one of the library's (`BoolAsNumber`, `UnixSeconds`, `UnixMillis`) or your own. |
/// | `serde` | Stores the field as serde would: short for the library's converter `Serde`. |
/// | `default` | What the field reads as where the item lacks the attribute, and what an insert stores for a value that would be absent: `Default::default()`. |
/// | `default = "EUR".to_owned()` | The same with an expression of the field's type. |
/// | `skip` | The field is not stored and has no constant. It reads as its `default`, or as `Default::default()`; inserts, saves and upserts leave it as it is, a reload does not. |
/// | `flatten` | The fields of this struct, which derives `Attribute`, are stored beside the others and not in a map; names that meet do not compile. |
///
/// The constant of a flattened field leads to the attributes of its fields:
///
/// ```
/// use dynamap::{Attribute, Model};
///
/// #[derive(Debug, Clone, Attribute)]
/// struct Address {
///     city: String,
/// }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "customers", validate = false)]
/// struct Customer {
///     #[model(hash_key)]
///     id: u64,
///     #[model(flatten)]
///     home: Address,
///     work: Address,
///     #[model(skip)]
///     cached: Option<u64>,
/// }
///
/// let bern = || Address { city: "Bern".to_owned() };
/// let customer = Customer { id: 1, home: bern(), work: bern(), cached: None };
/// assert_eq!(customer.encode()?.names(), ["_schema", "city", "id", "work"]);
/// assert_eq!(Customer::HOME.to(Address::CITY).to_string(), "city");
/// assert_eq!(Customer::WORK.to(Address::CITY).to_string(), "work.city");
/// # Ok::<(), dynamap::Error>(())
/// ```
///
/// # Composed keys and indexes
///
/// A template holds text and fields in braces: strings, and numbers, which `:06` fills up with zeros to six digits. Two
/// fields do not stand side by side. Callers write the fields of a key, in their order, those of the range key in a
/// second place.
///
/// An index begins with its Rust name, of which the constant is made.
///
/// | in an index | meaning |
/// |---|---|
/// | `name = "by-status"` | Its name in the table, where it is not the Rust name. |
/// | `hash_key = status`, `range_key = [day, number]` | The fields of its keys: up to four each in a global index. |
/// | `hash_key = "DAY#{day}"`, `hash_key_name = "gsi1pk"` | A composed key, stored as `{index}_pk` and `{index}_sk` where no name is given. |
/// | `hash_key = sk, range_key = pk` | The composed keys of the table itself. |
/// | `include = [total]`, `keys_only` | What it holds beside keys, where it does not hold whole items. |
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{day}#{number:06}", validate = false)]
/// #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
/// struct Order {
///     user: String,
///     day: String,
///     number: u32,
///     status: Option<String>,
///     total: i64,
/// }
///
/// let key = Order::encode_key(("ann", ("2026-11-21", 7)))?;
/// assert_eq!(key.to_string(), "pk = \"USER#ann\", sk = \"ORDER#2026-11-21#000007\"");
/// let range = Order::SK.with("2026-11-21").gt(6);
/// assert!(range.to_string().starts_with("sk BETWEEN \"ORDER#2026-11-21#000006"));
/// assert_eq!(Order::BY_STATUS.name(), "by_status");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Times, ids and hooks
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use dynamap::{Database, Item, Model, Report, Table, Ttl, UnixMillis, WriteVerb};
/// use uuid::Uuid;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "sessions", validate = false)]
/// #[model(normalize = lower_case, before_write = refuse_root, after_read = greet)]
/// struct Session {
///     #[model(hash_key, uuid)]
///     id: Uuid,
///     login: String,
///     #[model(default)]
///     greeting: String,
///     #[model(created_at)]
///     created: u64,
///     #[model(updated_at, with = UnixMillis)]
///     updated: SystemTime,
///     #[model(ttl = Duration::from_hours(1))]
///     expires: Option<Ttl>,
/// }
///
/// fn lower_case(session: &mut Session) {
///     session.login = session.login.to_lowercase();
/// }
///
/// fn refuse_root(session: Session, verb: WriteVerb) -> Result<Session, Report> {
///     let mut report = Report::new();
///     if verb == WriteVerb::Insert && session.login == "root" {
///         report.append(garde::Path::new("login"), garde::Error::new("is reserved"));
///         return Err(report);
///     }
///     Ok(session)
/// }
///
/// fn greet(mut session: Session, _item: &Item) -> Session {
///     session.greeting = format!("Hello {}", session.login);
///     session
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = dynamap::embedded::memory()?;
/// let db = Database::builder(client).clock(|| UNIX_EPOCH + Duration::from_secs(60)).build();
/// Table::<Session>::create(&db).await?;
/// let new = |login: &str| Session {
///     id: Uuid::nil(),
///     login: login.into(),
///     greeting: String::new(),
///     created: 0,
///     updated: UNIX_EPOCH,
///     expires: None,
/// };
/// let session = new("Ann").insert(&db).await?;
/// assert_eq!((session.login.as_str(), session.created), ("ann", 60));
/// assert_eq!(session.expires, Some(Ttl::from_epoch_seconds(3_660)));
/// assert_eq!(Session::get(&db, session.id).await?.expect("there").greeting, "Hello ann");
/// assert!(new("ROOT").insert(&db).await.is_err_and(|error| error.is_invalid()));
/// # Ok(())
/// # }
/// ```
///
/// An insert sets `created_at`, whatever the field holds; after that the stored value wins: a save keeps it, and an
/// upsert or a replacement sets it only where it is absent. `updated_at` is set by every write, also by an update by
/// key and inside transactions. Neither can be changed by an update.
///
/// Before a whole model is written: automatic fields are filled, `normalize`, `before_write`, the automatic fields that
/// the library owns again, validation. After a save that succeeded the value in memory is the one that was written;
/// after one that failed it is as it was. In a transaction this happens when the verb is called, so that an
/// auto-increment key is still unknown to hooks. Updates by key have no whole model and run no hooks.
///
/// Hooks do no I/O, and may run several times for one write. A `before_write` that changes the key of a loaded item
/// makes the save a `KeyChanged`. An `after_read` must depend on nothing but its arguments: what it changes counts as
/// read, so that a later save does not write it. It does not see values that were inserted or saved and not read since.
///
/// Attributes combine with commas, `#[model(hash_key, rename = "pk")]`, or as several `#[model(…)]`:
///
/// ```
/// use dynamap::Model;
///
/// fn check(map: &DoomMap) -> Result<(), garde::Report> {
///     let mut report = garde::Report::new();
///     if map.map > 9 {
///         report.append(garde::Path::new("map"), garde::Error::new("an episode has nine maps"));
///     }
///     if report.is_empty() { Ok(()) } else { Err(report) }
/// }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "maps", validate_with = check)]
/// struct DoomMap {
///     #[model(hash_key, rename = "e")]
///     episode: u32,
///     #[model(range_key, rename = "m")]
///     map: u32,
///     #[model(default)]
///     tags: Vec<String>,
/// }
///
/// assert_eq!(DoomMap::MAP.gt(5).to_string(), "m > 5");
///
/// let map = DoomMap { episode: 1, map: 10, tags: Vec::new() };
/// assert_eq!(map.check().expect_err("no such map").to_string(), "map: an episode has nine maps\n");
/// ```
#[proc_macro_derive(Model, attributes(model))]
pub fn model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::model(&input) {
        Ok(model) => expand::model(&model),
        Err(error) => fallback::model(&input, &error),
    }
    .into()
}

/// Makes a type storable in one attribute: as a map, a string, or as the type that it wraps.
///
/// A struct with named fields is stored as a map, with an entry for each field:
///
/// ```
/// use dynamap::{Attribute, AttributeValue};
///
/// #[derive(Debug, PartialEq, Attribute)]
/// struct Address {
///     #[model(rename = "town")]
///     city: String,
///     #[model(default = "CH".to_owned())]
///     country: String,
/// }
///
/// let address = Address { city: "Bern".into(), country: "CH".into() };
/// let stored = address.encode()?.expect("a map is never absent");
/// assert!(matches!(&stored, AttributeValue::M(map) if map.contains_key("town")));
/// assert_eq!(Address::decode(&stored)?, address);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A struct with one unnamed field is stored as that field, and compared with the same operands; a list of them is
/// always a list, and it can be an element of a set or an auto-increment key where the field can. An enum whose variants hold no data is stored as a string, the variant's name:
///
/// ```
/// use dynamap::{Attribute, AttributeValue};
///
/// #[derive(Debug, PartialEq, Attribute)]
/// struct Cents(i64);
///
/// #[derive(Debug, PartialEq, Attribute)]
/// enum Status {
///     Open,
///     #[model(rename = "done")]
///     Closed,
/// }
///
/// assert_eq!(Cents(250).encode()?, Some(AttributeValue::N("250".into())));
/// assert_eq!(Status::Closed.encode()?, Some(AttributeValue::S("done".into())));
/// let unknown = Status::decode(&AttributeValue::S("lost".into())).expect_err("no such variant");
/// assert_eq!(unknown.expected(), "one of `Open`, `done`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An enum with data is stored as a map that holds the variant's name under the *tag*, `type`: the fields of a variant
/// are entries beside it, one unnamed field is the entry `value`. Constants named after variant and field lead to the
/// entries, and `TAG` to the tag:
///
/// ```
/// use dynamap::{Attribute, AttributeValue, Item, Model};
///
/// #[derive(Debug, Clone, PartialEq, Attribute)]
/// enum Shape {
///     Dot,
///     Circle { radius: u32 },
///     Text(String),
///     // Keeps what no variant here has, so that it survives a save.
///     #[model(other)]
///     Other(Item),
/// }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "drawings", validate = false)]
/// struct Drawing {
///     #[model(hash_key)]
///     id: u64,
///     shape: Shape,
/// }
///
/// let stored = Shape::Circle { radius: 3 }.encode()?.expect("a map is never absent");
/// let AttributeValue::M(entries) = &stored else { panic!("no map") };
/// assert_eq!(entries["type"], AttributeValue::S("Circle".into()));
/// assert_eq!(entries["radius"], AttributeValue::N("3".into()));
///
/// let circles = Drawing::SHAPE.to(Shape::TAG).eq("Circle");
/// let large = circles & Drawing::SHAPE.to(Shape::CIRCLE_RADIUS).gt(2);
/// assert_eq!(large.to_string(), "shape.type = \"Circle\" AND shape.radius > 2");
/// assert_eq!(Shape::TEXT_VALUE.to_string(), "value");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `crate = "path"` | the type | Where the crate `dynamap` is found under another name; `::dynamap` where it is not given. |
/// | `rename_all = "camelCase"` | the type | How stored names are made from those of fields, or of an enum's variants; see `Model`. |
/// | `tag = "kind"` | an enum with data | The entry for the name of the variant; `type` where it is not given. |
/// | `content = "of"` | an enum with data | The entry for the one unnamed field of a variant; `value` where it is not given. |
/// | `other` | a variant | Keeps what is stored under a name that no variant has, and writes it back: `Other(String)` in an enum of names, `Other(Item)` in one with data. |
/// | `by_index` | an enum of plain names | Stored as the number of the variant, from 0, in their order: for tables that older programs filled. |
/// | `rename = "town"` | a named field, a variant | The name that is stored, where it is not the field's or variant's. |
/// | `default` | a named field | What the field reads as where the map lacks the entry: `Default::default()`. |
/// | `default = "CH".to_owned()` | a named field | The same with an expression of the field's type. |
/// | `alias = "place"` | a named field | Other names under which the entry is read; see `Model`. |
/// | `with = UnixSeconds`, `serde` | a named field, the unnamed field of a variant | The converter that stores it in another form; see `Model`. |
/// | `skip` | a named field | The field is not stored, and reads as its `default` or `Default::default()`. |
/// | `flatten` | a named field | The fields of this struct are stored beside the others; see `Model`. |
#[proc_macro_derive(Attribute, attributes(model))]
pub fn attribute(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::attribute(&input) {
        Ok(attribute) => expand::attribute(&attribute),
        Err(error) => fallback::attribute(&input, &error),
    }
    .into()
}

/// Makes a struct a selection of the attributes of a model, to be read in its place; see `dynamap::Projection`.
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `of = Account` | the struct | The model. Each field has the name and type of one of its fields. Required. |
/// | `default`, `default = "CH".to_owned()` | a field | What the field reads as where the item lacks the attribute. |
/// | `crate = "path"` | the struct | Where the crate `dynamap` is found under another name. |
#[proc_macro_derive(Projection, attributes(model))]
pub fn projection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::projection(&input) {
        Ok(projection) => expand::projection(&projection),
        Err(error) => error.to_compile_error(),
    }
    .into()
}

/// Makes a type a collection of models that share a table and a hash key; see `dynamap::Collection`.
///
/// Each field of a struct is an `Option<Loaded<M>>` or a `Vec<Loaded<M>>`, each variant of an enum holds a `Loaded<M>`.
#[proc_macro_derive(Collection, attributes(model))]
pub fn collection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match check::collection(&input) {
        Ok(collection) => expand::collection(&collection),
        Err(error) => error.to_compile_error(),
    }
    .into()
}
