//! What the library knows about a model, written down by the derive.

use std::borrow::Cow;
use std::fmt;

use semver::Version;

use crate::index::IndexLayout;
use crate::item::Item;
use crate::key::{Key, KeyAttribute};
use crate::schema::{Standing, Stored, standing, stored};
use crate::settings::TableSettings;
use crate::template::Template;
use crate::unique::UniqueLayout;
use crate::upgrade::{Never, Upgrade, UpgradeError};
use crate::view::ViewLayout;

/// The table of counters, without the prefix.
pub(crate) const COUNTERS_TABLE: &str = "dynamap_counters";

/// What the library knows about a model, written down by the derive; from [`Model::layout`](crate::Model::layout).
///
/// ```
/// use dynamap::{Item, Model};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{number:04}", schema = "1.2.0", validate = false)]
/// struct Order { user: String, number: u32, #[model(version)] version: u64 }
///
/// let layout = Order::layout();
/// assert_eq!((layout.table, layout.hash_key.name, layout.version), ("shop", "pk", Some("version")));
/// assert_eq!(layout.baseline(), layout.schema); // without migrations no item is older
/// let template = layout.template("sk").expect("is composed");
/// assert_eq!((template.literal(), template.attributes().collect::<Vec<_>>()), ("ORDER#", vec!["number"]));
///
/// let mut item = Item::new();
/// item.put("user", &"ann".to_owned())?;
/// item.put("number", &7_u32)?;
/// layout.compose(&mut item)?;
/// assert_eq!(item.text("sk"), Some("ORDER#0007"));
/// assert!(layout.owns(&item));
/// let key = Order::encode_key(("ann", 7))?;
/// assert!(layout.may_own(&key, Some(&item)) && layout.may_own(&key, None));
/// item.remove("number");
/// layout.compose(&mut item)?;
/// assert!(!item.contains("sk")); // a part is missing
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Layout {
    /// The name of the struct, for messages.
    pub model: &'static str,
    /// The table's name, without the database's prefix.
    pub table: &'static str,
    /// The hash key (AWS docs: partition key).
    pub hash_key: KeyAttribute,
    /// The range key (AWS docs: sort key), where the table has one.
    pub range_key: Option<KeyAttribute>,
    /// The attribute of the lock version, where the model has one.
    pub version: Option<&'static str>,
    /// The schema that the struct describes.
    pub schema: Version,
    /// Whether the hash key is taken from a counter on insert.
    pub auto_increment: bool,
    /// Every attribute that the struct describes, but the version.
    pub attributes: &'static [&'static str],
    /// Names under which attributes are read too, each with the name that is written.
    pub aliases: &'static [(&'static str, &'static str)],
    /// The key attributes that are composed of others.
    pub templates: &'static [Template],
    /// The attribute that tells the model's items from those of others in the same table, and its value.
    pub discriminator: Option<(&'static str, &'static str)>,
    /// The secondary indexes.
    pub indexes: &'static [IndexLayout],
    /// What no two items have in common.
    pub uniques: &'static [UniqueLayout],
    /// What rows are kept with the items.
    pub views: &'static [ViewLayout],
    /// Views of earlier releases that are given up.
    pub retired_views: &'static [&'static str],
    /// Whether an item with an attribute that the struct does not describe is an error.
    pub refuse_unknown: bool,
    /// Fields that are stored under another name, each with that name.
    pub renamed: &'static [(&'static str, &'static str)],
    /// The attribute that holds when an item was created, where the model has one.
    pub created_at: Option<&'static str>,
    /// The attribute by which the service deletes items whose time has come, where the model has one.
    pub ttl: Option<&'static str>,
    /// Whether a hook completes what is read.
    pub after_read: bool,
    /// What the table shall be beside its keys and indexes.
    pub settings: &'static TableSettings,
    /// How items of older schemas are brought to this one.
    pub upgrade: &'static dyn Upgrade,
}

impl Layout {
    /// Items of the library's own, or of a test: a hash key, a version perhaps, and these attributes.
    pub(crate) const fn bare(
        model: &'static str,
        table: &'static str,
        hash_key: KeyAttribute,
        version: Option<&'static str>,
        attributes: &'static [&'static str],
    ) -> Self {
        Self {
            model,
            table,
            hash_key,
            range_key: None,
            version,
            schema: Version::new(1, 0, 0),
            auto_increment: false,
            attributes,
            aliases: &[],
            templates: &[],
            discriminator: None,
            indexes: &[],
            uniques: &[],
            views: &[],
            retired_views: &[],
            refuse_unknown: false,
            renamed: &[],
            created_at: None,
            ttl: None,
            after_read: false,
            settings: &TableSettings::DEFAULT,
            upgrade: &Never,
        }
    }

    /// The schema of items that carry none: where the migrations begin, or the model's own without migrations.
    #[must_use]
    pub fn baseline(&self) -> Version {
        self.upgrade.baseline().unwrap_or_else(|| self.schema.clone())
    }

    /// The schema of an item that carries none.
    pub(crate) fn schema_of_bare(&self, item: &Item) -> Version {
        self.upgrade.detect(item).unwrap_or_else(|| self.baseline())
    }

    /// An older item in today's shape. A step that changes keys may leave this one where it is.
    ///
    /// # Errors
    /// What the steps say; [`UpgradeError::Keyed`] where one moves the item, or makes several of it.
    pub(crate) fn upgraded(&self, item: &Item, from: &Version) -> Result<Item, UpgradeError> {
        let mut upgraded = item.clone();
        let Err(error) = self.upgrade.upgrade(&mut upgraded, from) else { return Ok(upgraded) };
        if !matches!(error, UpgradeError::Keyed { .. }) {
            return Err(error);
        }
        let mut made = self.upgrade.upgrade_apart(upgraded, from)?;
        let stays = |made: &Item| match (Key::of(self, made), Key::of(self, item)) {
            (Ok(made), Ok(key)) => made == key,
            _ => false,
        };
        match made.pop() {
            Some(one) if made.is_empty() && stays(&one) => Ok(one),
            _ => Err(error),
        }
    }

    /// A stored item in today's shape, as far as it can be read.
    pub(crate) fn todays<'i>(&self, item: &'i Item) -> Cow<'i, Item> {
        let found = match stored(item) {
            Stored::Absent => self.schema_of_bare(item),
            Stored::Version(version) => version,
            Stored::Unreadable => return Cow::Borrowed(item),
        };
        match standing(&found, &self.schema) {
            Standing::Older => self.upgraded(item, &found).map_or(Cow::Borrowed(item), Cow::Owned),
            _ => Cow::Borrowed(item),
        }
    }

    /// Whether every item that carries no schema is of this one.
    pub(crate) fn bare_is_current(&self) -> bool {
        !self.upgrade.detects() && self.baseline() == self.schema
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("model", &self.model)
            .field("table", &self.table)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
