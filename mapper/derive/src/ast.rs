//! The checked input: everything that the expansion says, and nothing that could be wrong.

use proc_macro2::Ident;
use syn::{Expr, Path, Type, Visibility};

/// A struct that derives `Model`.
pub(crate) struct Model<'a> {
    pub(crate) krate: Path,
    pub(crate) vis: &'a Visibility,
    pub(crate) ident: &'a Ident,
    pub(crate) table: String,
    pub(crate) schema: Schema,
    pub(crate) migrations: Option<Path>,
    pub(crate) settings: Option<Path>,
    pub(crate) validation: Validation,
    /// Whether an attribute that no field describes is an error.
    pub(crate) refuse_unknown: bool,
    pub(crate) hooks: Hooks,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) hash_key: Key,
    pub(crate) auto_increment: bool,
    pub(crate) range_key: Option<Key>,
    pub(crate) version: Option<Field<'a>>,
    /// The composed keys, of the table and of indexes.
    pub(crate) templates: Vec<Template>,
    /// The attribute that tells the model from others in its table, and its value.
    pub(crate) discriminator: Option<(String, String)>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) uniques: Vec<Unique>,
    pub(crate) views: Vec<Path>,
    pub(crate) retired_views: Vec<String>,
}

/// A key attribute: the number of a field or of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Field(usize),
    Template(usize),
}

/// A key attribute that is composed of text and fields.
pub(crate) struct Template {
    /// The name in the table.
    pub(crate) name: String,
    /// The name of its constant.
    pub(crate) constant: Ident,
    pub(crate) pieces: Vec<Piece>,
}

impl Template {
    /// The numbers of its fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Field { field, .. } => Some(*field),
        })
    }
}

/// A part of a template.
pub(crate) enum Piece {
    Text(String),
    /// A field, by number; with the digits to which a number is filled up, or 0.
    Field {
        field: usize,
        width: usize,
    },
}

/// Fields whose values no two items share.
pub(crate) struct Unique {
    /// The numbers of the fields.
    pub(crate) fields: Vec<usize>,
}

/// A secondary index.
pub(crate) struct Index {
    /// The name in the table.
    pub(crate) name: String,
    /// The name of its constant.
    pub(crate) constant: Ident,
    pub(crate) local: bool,
    pub(crate) hash_key: Vec<Key>,
    pub(crate) range_key: Vec<Key>,
    pub(crate) holds: Holds,
}

/// What an index holds beside keys.
pub(crate) enum Holds {
    /// Whole items.
    All,
    /// These fields.
    Some(Vec<usize>),
}

/// MAJOR.MINOR.PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
}

/// How values are validated before they are written.
pub(crate) enum Validation {
    /// By the struct's own `garde::Validate`.
    Garde,
    /// Not at all.
    Off,
    /// By a function of the user.
    With(Path),
}

/// Functions of the user that see every value before it is written or after it is read.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) normalize: Option<Path>,
    pub(crate) before_write: Option<Path>,
    pub(crate) after_read: Option<Path>,
}

/// A named field, of a model or of a struct that is stored as a map.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) vis: &'a Visibility,
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name in the table.
    pub(crate) name: String,
    /// Names under which it is read too.
    pub(crate) aliases: Vec<String>,
    /// The name of the constant.
    pub(crate) constant: String,
    pub(crate) role: Role,
    pub(crate) default: Option<Default>,
    /// The converter that stores it in another form.
    pub(crate) with: Option<Converter>,
    /// How the library fills it.
    pub(crate) automatic: Option<Automatic>,
}

impl Field<'_> {
    /// Whether the field has an attribute of its own.
    pub(crate) fn is_named(&self) -> bool {
        !matches!(self.role, Role::Flattened | Role::Skipped)
    }

    /// Whether the library sets it with every write.
    pub(crate) fn is_time_of_writing(&self) -> bool {
        matches!(self.automatic, Some(Automatic::CreatedAt | Automatic::UpdatedAt))
    }
}

/// What stores a field in another form.
#[derive(Clone)]
pub(crate) enum Converter {
    /// One that the user names.
    Named(Path),
    /// The library's, for what serde can store.
    Serde,
}

/// What a field is for, named like the roles of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Field,
    HashKey,
    RangeKey,
    Version,
    /// A range key of an index; the number of the field tells it from others.
    Indexed(usize),
    /// A part of the primary key's template, or a hash key that is a range key of an index.
    KeyPart(usize),
    /// Its entries are stored beside the other fields.
    Flattened,
    /// Not stored.
    Skipped,
}

/// How the library fills a field.
#[derive(Clone)]
pub(crate) enum Automatic {
    CreatedAt,
    UpdatedAt,
    /// With the variant of `UuidVersion`.
    Uuid(&'static str),
    /// So long after the insert, where it says how long.
    Ttl(Option<Expr>),
}

/// What a field holds where nothing is stored.
#[derive(Clone)]
pub(crate) enum Default {
    /// `Default::default()` of its type.
    OfType,
    /// An expression of the user.
    Expr(Expr),
}

/// A type that derives `Attribute`.
pub(crate) struct Attribute<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    pub(crate) shape: Shape<'a>,
}

/// How a type is stored.
pub(crate) enum Shape<'a> {
    /// As a map.
    Map(Vec<Field<'a>>),
    /// As the one field it wraps.
    Newtype(&'a Type),
    /// As the name of a variant.
    Names(Vec<Variant<'a>>, Option<Other<'a>>),
    /// As the number of a variant, from 0.
    Numbers(Vec<Variant<'a>>),
    /// As a map, with an entry for the name of the variant.
    Tagged(Tagged<'a>),
}

/// An enum whose variants hold data.
pub(crate) struct Tagged<'a> {
    pub(crate) vis: &'a Visibility,
    /// The entry for the name of the variant.
    pub(crate) tag: String,
    pub(crate) variants: Vec<Variant<'a>>,
    pub(crate) other: Option<Other<'a>>,
}

/// A variant that is stored under its own name.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// The string that is stored.
    pub(crate) name: String,
    pub(crate) data: Data<'a>,
}

/// What a variant holds.
pub(crate) enum Data<'a> {
    Nothing,
    /// One unnamed field, which is stored under the name of the content.
    Value(Box<Field<'a>>),
    Fields(Vec<Field<'a>>),
}

/// The variant that keeps what is stored under a name that no variant has.
pub(crate) struct Other<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}

/// A struct that derives `Projection`.
pub(crate) struct Projection<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    /// The model.
    pub(crate) of: Path,
    pub(crate) fields: Vec<Selected<'a>>,
}

/// A field of a projection.
pub(crate) struct Selected<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name of the model's constant.
    pub(crate) constant: String,
    pub(crate) default: Option<Default>,
}

/// A type that derives `Collection`.
pub(crate) struct Collection<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    pub(crate) members: Members<'a>,
}

/// The models of a collection.
pub(crate) enum Members<'a> {
    /// Fields, filled by one query.
    Fields(Vec<Member<'a>>),
    /// Variants, one for each item.
    Variants(Vec<Member<'a>>),
}

/// A field or variant of a collection.
pub(crate) struct Member<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}
