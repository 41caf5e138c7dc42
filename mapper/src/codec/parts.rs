//! What is inside a value: the types of elements, entries and fields, for paths into documents.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::marker::PhantomData;

use super::{Attribute, MapKey, SetElement, kind};

/// A type that can be searched with `contains`: a string for a part, a set or list for an element.
///
/// ```
/// # use std::collections::{BTreeMap, BTreeSet};
/// # use dynamap::{Attribute, Model};
/// # #[derive(Debug, Clone, Attribute)]
/// # struct Address { city: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, email: String, tags: BTreeSet<String>, notes: Vec<String>, limits: BTreeMap<String, u64>, home: Address, work: Option<Address> }
/// use dynamap::{Condition, Container, Path};
///
/// fn has<M, T: Attribute + Container>(path: Path<M, T>, part: <T::Part as Attribute>::Operand<'_>) -> Condition<M> {
///     path.contains(part)
/// }
/// assert_eq!(has(Customer::EMAIL, "@").to_string(), "contains(email, \"@\")");
/// assert_eq!(has(Customer::TAGS, "vip").to_string(), "contains(tags, \"vip\")");
/// ```
#[diagnostic::on_unimplemented(
    message = "`contains` needs a string, a set or a list, not `{Self}`"
)]
pub trait Container {
    /// What is searched for.
    type Part: Attribute;
}

impl Container for String {
    type Part = Self;
}

impl<T: Attribute<ListKind = kind::L>> Container for Vec<T> {
    type Part = T;
}

impl<T: SetElement> Container for BTreeSet<T> {
    type Part = T;
}

impl<T: SetElement, S> Container for HashSet<T, S> {
    type Part = T;
}

impl<T: Container> Container for Option<T> {
    type Part = T::Part;
}

/// A type that is stored as a list.
///
/// ```
/// # use std::collections::{BTreeMap, BTreeSet};
/// # use dynamap::{Attribute, Model};
/// # #[derive(Debug, Clone, Attribute)]
/// # struct Address { city: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, email: String, tags: BTreeSet<String>, notes: Vec<String>, limits: BTreeMap<String, u64>, home: Address, work: Option<Address> }
/// use dynamap::{ListOf, Path};
///
/// fn first<M, T: ListOf>(path: Path<M, T>) -> Path<M, T::Element> {
///     path.index(0)
/// }
/// assert_eq!(first(Customer::NOTES).eq("hello").to_string(), "notes[0] = \"hello\"");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not stored as a list")]
pub trait ListOf {
    /// The type of the elements.
    type Element: Attribute;
}

impl<T: Attribute<ListKind = kind::L>> ListOf for Vec<T> {
    type Element = T;
}

impl<T: ListOf> ListOf for Option<T> {
    type Element = T::Element;
}

/// A type that is stored as a map with keys of the program's choice.
///
/// ```
/// # use std::collections::{BTreeMap, BTreeSet};
/// # use dynamap::{Attribute, Model};
/// # #[derive(Debug, Clone, Attribute)]
/// # struct Address { city: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, email: String, tags: BTreeSet<String>, notes: Vec<String>, limits: BTreeMap<String, u64>, home: Address, work: Option<Address> }
/// use dynamap::{MapOf, Path};
///
/// fn today<M, T: MapOf>(path: Path<M, T>) -> Path<M, T::Value> {
///     path.entry("day")
/// }
/// assert_eq!(today(Customer::LIMITS).gt(5).to_string(), "limits.day > 5");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a map with string keys",
    note = "a field of a nested document is reached with `.to(Document::FIELD)`"
)]
pub trait MapOf {
    /// The type of the values.
    type Value: Attribute;
}

impl<K: MapKey, T: Attribute> MapOf for BTreeMap<K, T> {
    type Value = T;
}

impl<K: MapKey, T: Attribute, S> MapOf for HashMap<K, T, S> {
    type Value = T;
}

impl<T: MapOf> MapOf for Option<T> {
    type Value = T::Value;
}

/// A type that is stored as a document with typed fields; `#[derive(Attribute)]` on a struct implements it.
///
/// ```
/// # use std::collections::{BTreeMap, BTreeSet};
/// # use dynamap::{Attribute, Model};
/// # #[derive(Debug, Clone, Attribute)]
/// # struct Address { city: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, email: String, tags: BTreeSet<String>, notes: Vec<String>, limits: BTreeMap<String, u64>, home: Address, work: Option<Address> }
/// use dynamap::{Document, Path};
///
/// fn city<M, T: Document<Document = Address>>(path: Path<M, T>) -> Path<M, String> {
///     path.to(Address::CITY)
/// }
/// assert_eq!(city(Customer::HOME).to_string(), "home.city");
/// assert_eq!(city(Customer::WORK).to_string(), "work.city"); // also inside an `Option`
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no typed fields inside",
    note = "derive `Attribute` for a struct to reach its fields with `.to(...)`"
)]
pub trait Document {
    /// The struct that has the fields.
    type Document;
}

impl<T: Document> Document for Option<T> {
    type Document = T::Document;
}

/// The type of the constant of a flattened field: leads to the fields of `T`, which are stored beside the others.
#[derive(Debug)]
pub struct Flattened<T>(PhantomData<fn() -> T>);

impl<T: Document> Document for Flattened<T> {
    type Document = T::Document;
}

/// A type that reads from an absent attribute: an `Option`, or a set. What an update can remove.
///
/// ```
/// # use std::collections::BTreeSet;
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "posts", validate = false)]
/// # struct Post { #[model(hash_key)] id: u64, note: Option<String>, tags: BTreeSet<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Post>::create(&db).await?;
/// Post { id: 1, note: Some("draft".into()), tags: BTreeSet::from(["rust".into()]) }.insert(&db).await?;
/// let post = Post::update(&db, 1).remove(Post::NOTE).remove(Post::TAGS).returning_new().await?;
/// assert_eq!(post.note, None);
/// assert!(post.tags.is_empty());
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "the model cannot do without this attribute: `{Self}` does not read from an absent one",
    note = "make the field an `Option`"
)]
pub trait MaybeAbsent: Attribute {}

impl<T: Attribute> MaybeAbsent for Option<T> {}
impl<T: SetElement + Ord> MaybeAbsent for BTreeSet<T> {}
impl<T: SetElement + Eq + std::hash::Hash, S: std::hash::BuildHasher + Default> MaybeAbsent
    for HashSet<T, S>
{
}
