//! The checked input: everything that the expansion says, and nothing that could be wrong.

use proc_macro2::Ident;
use syn::{Expr, Path, Type, Visibility};

/// A struct that derives `Model`.
pub(crate) struct Model<'a> {
    pub(crate) krate: Path,
    pub(crate) ident: &'a Ident,
    pub(crate) table: String,
    pub(crate) schema: Schema,
    pub(crate) migrations: Option<Path>,
    pub(crate) validation: Validation,
    pub(crate) hooks: Hooks,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) hash_key: Field<'a>,
    pub(crate) auto_increment: bool,
    pub(crate) range_key: Option<Field<'a>>,
    pub(crate) version: Option<Field<'a>>,
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
    pub(crate) with: Option<Path>,
    /// How the library fills it.
    pub(crate) automatic: Option<Automatic>,
}

/// What a field is for, named like the roles of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Field,
    HashKey,
    RangeKey,
    Version,
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
    Names(Vec<Variant<'a>>),
}

/// A variant without data.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// The string that is stored.
    pub(crate) name: String,
}
