//! The rules of models.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Fields, LitStr};

use super::automatic;
use super::index::{Table, indexes};
use super::key::Composed;
use super::unique::{self, uniques};
use super::{
    Case, Extras, MODEL, MODEL_FIELD, Words, aliases_differ, default, field, is_u64, krate,
    names_differ, stored_name, stored_otherwise,
};
use crate::ast::{self, Automatic, Hooks, Key, Role, Schema, Validation};
use crate::ctxt::Ctxt;

/// The attributes that the library itself writes.
pub(crate) const RESERVED: [&str; 6] = ["_schema", "_write", "_dtx", "_views", "_view", "_view_of"];

/// A field and the words on it.
pub(super) struct Raw<'a> {
    field: &'a syn::Field,
    ident: &'a Ident,
    otherwise: Option<Role>,
    pub(super) hash_key: Option<Ident>,
    pub(super) range_key: Option<Ident>,
    pub(super) version: Option<Ident>,
    pub(super) automatic: Option<(Ident, Automatic)>,
    auto_increment: Option<Ident>,
    pub(super) unique: Option<Ident>,
    rename: Option<LitStr>,
    pub(super) extras: Extras,
    default: Option<(Ident, ast::Default)>,
    unclear: bool,
}

impl Raw<'_> {
    /// The word of a field that is filled in some way.
    fn filled(&self, way: impl Fn(&Automatic) -> bool) -> Option<&Ident> {
        self.automatic.as_ref().filter(|(_, automatic)| way(automatic)).map(|(word, _)| word)
    }
}

/// Checks a struct that derives `Model`.
pub(crate) fn model(input: &DeriveInput) -> Result<ast::Model<'_>, syn::Error> {
    let mut ctxt = Ctxt::default();
    let model = check(&mut ctxt, input);
    ctxt.finish(model)
}

fn check<'a>(ctxt: &mut Ctxt, input: &'a DeriveInput) -> Option<ast::Model<'a>> {
    let fields = named_fields(ctxt, input)?;
    let mut words = Words::read(ctxt, &input.attrs, &MODEL);
    let krate = krate(ctxt, &mut words);
    let table = table(ctxt, &mut words, &input.ident);
    let schema = schema(ctxt, &mut words);
    let migrations = words.path(ctxt, "migrations", "MIGRATIONS");
    let settings = words.path(ctxt, "settings", "TABLE");
    let validation = validation(ctxt, &mut words);
    let refuse_unknown = refuse_unknown(ctxt, &mut words);
    let hooks = hooks(ctxt, &mut words);
    let case = Case::read(ctxt, &mut words);
    let (hash, range) = (Composed::hash(ctxt, &mut words), Composed::range(ctxt, &mut words));
    let discriminator = discriminator(ctxt, &mut words);
    let global = words.lists(ctxt, "gsi", "gsi(by_status, hash_key = status)");
    let local = words.lists(ctxt, "lsi", "lsi(by_total, range_key = total)");
    let composite = words.lists(ctxt, "unique", "unique(tenant, login)");
    let views: Vec<_> = std::iter::from_fn(|| words.path(ctxt, "view", "ByCountry")).collect();
    let retired_views = words.texts(ctxt, "retired_views");

    let raws: Vec<Raw<'_>> = fields.map(|(field, ident)| raw(ctxt, field, ident)).collect();
    for raw in &raws {
        roles_fit(ctxt, raw);
        default_fits(ctxt, raw);
        version_is_u64(ctxt, raw);
        automatic::fits(ctxt, raw);
        unique::fits(ctxt, raw);
    }
    if !hash.is_given() && !words.unclear {
        hash_key_is_there(ctxt, &raws, input);
    }
    given_once(ctxt, &raws, "a second hash key: a table has one", |raw| raw.hash_key.as_ref());
    given_once(ctxt, &raws, "a second range key: a table has at most one", |raw| {
        raw.range_key.as_ref()
    });
    given_once(ctxt, &raws, "a second version: one counts all writes of an item", |raw| {
        raw.version.as_ref()
    });
    given_once(ctxt, &raws, "a second time of creation: an item has one", |raw| {
        raw.filled(|automatic| matches!(automatic, Automatic::CreatedAt))
    });
    given_once(ctxt, &raws, "a second time of the last change: an item has one", |raw| {
        raw.filled(|automatic| matches!(automatic, Automatic::UpdatedAt))
    });
    given_once(ctxt, &raws, "a second TTL attribute: a table has one", |raw| {
        raw.filled(|automatic| matches!(automatic, Automatic::Ttl(_)))
    });

    let mut fields: Vec<ast::Field<'_>> =
        raws.iter().map(|raw| described(ctxt, raw, case)).collect();
    let named = fields.iter().filter(|field| field.is_named());
    names_differ(ctxt, "fields", named.map(|field| (field.name.as_str(), field.ident)));
    constants_differ(ctxt, &fields);
    aliases_differ(ctxt, &fields);

    let version = fields.iter().find(|field| field.role == Role::Version).cloned();
    let mut templates = Vec::new();
    let composed_hash = hash.key(ctxt, &mut fields, &mut templates);
    let composed_range = range.key(ctxt, &mut fields, &mut templates);
    let of_role = |fields: &[ast::Field<'_>], role| {
        fields.iter().position(|field| field.role == role).map(Key::Field)
    };
    let hash_key = composed_hash.or_else(|| of_role(&fields, Role::HashKey))?;
    let range_key = composed_range.or_else(|| of_role(&fields, Role::RangeKey));
    let mut table_keys =
        Table { fields: &mut fields, templates: &mut templates, hash_key, range_key };
    let indexes = indexes(ctxt, global, local, &mut table_keys);
    let alone: Vec<_> = raws.iter().map(|raw| raw.unique.as_ref()).collect();
    let uniques = uniques(ctxt, &fields, &alone, composite);
    views_fit(ctxt, &fields, &views);
    composed_differ(ctxt, &fields, &templates, &indexes, discriminator.as_ref());
    Some(ast::Model {
        krate,
        vis: &input.vis,
        ident: &input.ident,
        table: table?,
        schema: schema?,
        migrations,
        settings,
        validation: validation?,
        refuse_unknown,
        hooks,
        hash_key,
        auto_increment: raws.iter().any(|raw| raw.auto_increment.is_some()),
        range_key,
        version,
        fields,
        templates,
        discriminator: discriminator.map(|(name, value, _)| (name, value)),
        indexes,
        uniques,
        views,
        retired_views: retired_views.iter().map(LitStr::value).collect(),
    })
}

/// Rows of views would stay when the service deletes an item.
fn views_fit(ctxt: &mut Ctxt, fields: &[ast::Field<'_>], views: &[syn::Path]) {
    let expires = |field: &&ast::Field<'_>| matches!(field.automatic, Some(Automatic::Ttl(_)));
    if let (Some(view), Some(ttl)) = (views.first(), fields.iter().find(expires)) {
        let sentence = format!(
            "the service deletes expired items by itself and would leave their rows as they are: remove `view`, or the \
             `ttl` of `{}`",
            ttl.ident
        );
        ctxt.error(view, sentence);
    }
}

/// The attribute that tells the model from others in its table, its value, and where they were given.
fn discriminator(ctxt: &mut Ctxt, words: &mut Words) -> Option<(String, String, LitStr)> {
    let name = words.text(ctxt, "discriminator_name");
    let Some(value) = words.text(ctxt, "discriminator") else {
        if let Some(name) = name {
            let sentence = "`discriminator_name` names the attribute of a discriminator: write `discriminator = \"…\"` too";
            ctxt.error(name, sentence);
        }
        return None;
    };
    let name = match &name {
        Some(name) => super::given_name(ctxt, name),
        None => "_type".to_owned(),
    };
    Some((name, value.value(), value))
}

/// No composed key and no discriminator under the name or constant of another attribute.
fn composed_differ(
    ctxt: &mut Ctxt,
    fields: &[ast::Field<'_>],
    templates: &[ast::Template],
    indexes: &[ast::Index],
    discriminator: Option<&(String, String, LitStr)>,
) {
    for (i, template) in templates.iter().enumerate() {
        let constant = &template.constant;
        let taken = fields.iter().any(|field| constant == field.constant.as_str())
            || indexes.iter().any(|index| index.constant == *constant)
            || templates[..i]
                .iter()
                .any(|other| other.name == template.name || other.constant == *constant);
        if taken {
            let sentence = format!(
                "the composed key `{}` shares its name or the constant `{constant}` with another: give it another name \
                 with `hash_key_name` or `range_key_name`",
                template.name
            );
            ctxt.error(constant, sentence);
        }
    }
    let Some((name, _, at)) = discriminator else { return };
    let is_field = fields.iter().any(|field| field.name == *name || field.aliases.contains(name));
    if is_field || RESERVED.contains(&name.as_str()) || templates.iter().any(|t| t.name == *name) {
        let sentence = format!(
            "the discriminator would be stored as `{name}`, which is another attribute: give it another name with \
             `discriminator_name = \"…\"`"
        );
        ctxt.error(at, sentence);
    }
}

/// Only structs with named fields and without generics are models.
fn named_fields<'a>(
    ctxt: &mut Ctxt,
    input: &'a DeriveInput,
) -> Option<impl Iterator<Item = (&'a syn::Field, &'a Ident)> + use<'a>> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(fields),
            Fields::Unnamed(_) => {
                let sentence =
                    "the attributes of an item have names: write a struct with named fields";
                ctxt.error(&data.fields, sentence);
                None
            }
            Fields::Unit => {
                let sentence = "an item has at least a hash key: write a struct with named fields";
                ctxt.error(&input.ident, sentence);
                None
            }
        },
        Data::Enum(data) => {
            let sentence = "an enum cannot be a model: write a struct with named fields, with the enum as the \
                            type of a field (`#[derive(Attribute)]`)";
            ctxt.error(data.enum_token, sentence);
            None
        }
        Data::Union(data) => {
            let sentence = "a union cannot be a model: write a struct with named fields";
            ctxt.error(data.union_token, sentence);
            None
        }
    };
    if !input.generics.params.is_empty() {
        let sentence = "a model describes one table and cannot be generic: write a struct for each table, with \
                        owned fields";
        ctxt.error(&input.generics, sentence);
        return None;
    }
    Some(fields?.named.iter().filter_map(|field| Some((field, field.ident.as_ref()?))))
}

fn raw<'a>(ctxt: &mut Ctxt, field: &'a syn::Field, ident: &'a Ident) -> Raw<'a> {
    let mut words = Words::read(ctxt, &field.attrs, &MODEL_FIELD);
    Raw {
        field,
        ident,
        otherwise: stored_otherwise(ctxt, &mut words),
        hash_key: words.flag(ctxt, "hash_key"),
        range_key: words.flag(ctxt, "range_key"),
        version: words.flag(ctxt, "version"),
        automatic: automatic::read(ctxt, &mut words),
        auto_increment: words.flag(ctxt, "auto_increment"),
        unique: words.flag(ctxt, "unique"),
        rename: words.text(ctxt, "rename"),
        extras: Extras::read(ctxt, &mut words),
        default: default(&mut words),
        unclear: words.unclear,
    }
}

fn table(ctxt: &mut Ctxt, words: &mut Words, ident: &Ident) -> Option<String> {
    let Some(table) = words.text(ctxt, "table") else {
        if !words.unclear {
            let sentence =
                format!("`{ident}` names no table: write `#[model(table = \"…\")]` on the struct");
            ctxt.error(ident, sentence);
        }
        return None;
    };
    let name = table.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !(3..=255).contains(&name.len()) || !name.chars().all(allowed) {
        let sentence = format!(
            "`{name}` cannot be the name of a table: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`"
        );
        ctxt.error(&table, sentence);
    }
    Some(name)
}

fn schema(ctxt: &mut Ctxt, words: &mut Words) -> Option<Schema> {
    let Some(text) = words.text(ctxt, "schema") else {
        return Some(Schema { major: 1, minor: 0, patch: 0 });
    };
    let schema = parse_schema(&text.value());
    if schema.is_none() {
        let sentence = format!(
            "`{}` is no schema: write MAJOR.MINOR.PATCH in plain numbers, as in `schema = \"2.0.0\"`",
            text.value()
        );
        ctxt.error(&text, sentence);
    }
    schema
}

fn parse_schema(text: &str) -> Option<Schema> {
    let number = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = part.len() > 1 && part.starts_with('0');
        (plain && !leading_zero).then(|| part.parse::<u64>().ok()).flatten()
    };
    let mut parts = text.split('.').map(number);
    let schema = Schema { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
    parts.next().is_none().then_some(schema)
}

fn validation(ctxt: &mut Ctxt, words: &mut Words) -> Option<Validation> {
    let with = words.path(ctxt, "validate_with", "function");
    match (words.boolean(ctxt, "validate"), with) {
        (Some(validate), Some(_)) => {
            let sentence =
                "`validate` and `validate_with` exclude each other: remove one of the two";
            ctxt.error(validate, sentence);
            None
        }
        (None, Some(function)) => Some(Validation::With(function)),
        (Some(validate), None) if !validate.value => Some(Validation::Off),
        (_, None) => Some(Validation::Garde),
    }
}

/// Whether an attribute that no field describes is an error: `unknown = "refuse"`.
fn refuse_unknown(ctxt: &mut Ctxt, words: &mut Words) -> bool {
    let Some(given) = words.text(ctxt, "unknown") else { return false };
    let text = given.value();
    if !matches!(text.as_str(), "keep" | "refuse") {
        let sentence = format!(
            "`{text}` is nothing to do with unknown attributes: write `unknown = \"keep\"` or `unknown = \"refuse\"`"
        );
        ctxt.error(&given, sentence);
    }
    text == "refuse"
}

fn hooks(ctxt: &mut Ctxt, words: &mut Words) -> Hooks {
    Hooks {
        normalize: words.path(ctxt, "normalize", "function"),
        before_write: words.path(ctxt, "before_write", "function"),
        after_read: words.path(ctxt, "after_read", "function"),
    }
}

fn hash_key_is_there(ctxt: &mut Ctxt, raws: &[Raw<'_>], input: &DeriveInput) {
    if !raws.iter().any(|raw| raw.hash_key.is_some() || raw.unclear) {
        let sentence = format!(
            "`{}` has no hash key: write `#[model(hash_key)]` on the field that its items are found by",
            input.ident
        );
        ctxt.error(&input.ident, sentence);
    }
}

/// At most one field carries a word.
fn given_once<'a>(
    ctxt: &mut Ctxt,
    raws: &'a [Raw<'_>],
    problem: &str,
    word: impl Fn(&'a Raw<'_>) -> Option<&'a Ident>,
) {
    for raw in raws.iter().filter(|raw| word(raw).is_some()).skip(1) {
        let Some(word) = word(raw) else { continue };
        let sentence =
            format!("`{}` is {problem}; remove `{word}` from all fields but one", raw.ident);
        ctxt.error(word, sentence);
    }
}

/// A field is one thing: hash key, range key or version; and only a hash key is counted.
fn roles_fit(ctxt: &mut Ctxt, raw: &Raw<'_>) {
    if let (Some(_), Some(range_key)) = (&raw.hash_key, &raw.range_key) {
        let sentence =
            "a field is the hash key or the range key and not both: remove one of the two words";
        ctxt.error(range_key, sentence);
    }
    if let (Some(version), true) = (&raw.version, raw.hash_key.is_some() || raw.range_key.is_some())
    {
        let sentence = "the version changes with every write and cannot be part of the key: write a field of its own, \
                        `#[model(version)] version: u64`";
        ctxt.error(version, sentence);
    }
    if let (Some(auto_increment), None) = (&raw.auto_increment, &raw.hash_key) {
        let sentence = "only the hash key can be counted: write `#[model(hash_key, auto_increment)]`, or remove \
                        `auto_increment`";
        ctxt.error(auto_increment, sentence);
    }
}

/// Only ordinary fields can be absent.
fn default_fits(ctxt: &mut Ctxt, raw: &Raw<'_>) {
    let Some((default, _)) = &raw.default else { return };
    if raw.auto_increment.is_some() {
        let sentence = "an `auto_increment` key comes from its counter: remove `default`";
        ctxt.error(default, sentence);
    } else if raw.hash_key.is_some() || raw.range_key.is_some() {
        let sentence = "a key attribute is never absent: remove `default`";
        ctxt.error(default, sentence);
    } else if raw.version.is_some() {
        let sentence =
            "the version starts at 1 on insert and is counted by the library: remove `default`";
        ctxt.error(default, sentence);
    }
}

fn version_is_u64(ctxt: &mut Ctxt, raw: &Raw<'_>) {
    let key = raw.hash_key.is_some() || raw.range_key.is_some();
    if raw.version.is_some() && !key && !is_u64(&raw.field.ty) {
        let sentence = format!("the version is a `u64`: write `{}: u64`", raw.ident);
        ctxt.error(&raw.field.ty, sentence);
    }
}

fn described<'a>(ctxt: &mut Ctxt, raw: &Raw<'a>, case: Case) -> ast::Field<'a> {
    let name = match raw.otherwise {
        Some(_) => String::new(),
        None => stored_name(ctxt, raw.ident, raw.rename.as_ref(), case),
    };
    if RESERVED.contains(&name.as_str()) {
        let sentence = format!(
            "`{name}` is written by the library: choose another name, or keep the field and write \
             `#[model(rename = \"…\")]`"
        );
        match &raw.rename {
            Some(rename) => ctxt.error(rename, sentence),
            None => ctxt.error(raw.ident, sentence),
        }
    }
    let role = match raw {
        Raw { hash_key: Some(_), .. } => Role::HashKey,
        Raw { range_key: Some(_), .. } => Role::RangeKey,
        Raw { version: Some(_), .. } => Role::Version,
        _ => raw.otherwise.unwrap_or(Role::Field),
    };
    if role != Role::Field && !raw.extras.aliases.is_empty() {
        let sentence = "a key and the version have one name: remove `alias`, or change the name by a migration";
        ctxt.error(raw.ident, sentence);
    }
    let default = raw.default.as_ref().map(|(_, default)| default.clone());
    if role == Role::Version && raw.extras.with.is_some() {
        ctxt.error(raw.ident, "the version is stored as a number: remove `with`");
    }
    if raw.auto_increment.is_some() && raw.extras.with.is_some() {
        ctxt.error(raw.ident, "an `auto_increment` key is stored as a number: remove `with`");
    }
    let automatic = raw.automatic.as_ref().map(|(_, automatic)| automatic.clone());
    let field = field(raw.field, raw.ident, name, raw.extras.clone(), role, default);
    ast::Field { automatic, ..field }
}

/// No two fields with one constant, as `id` and `ID` would have.
pub(super) fn constants_differ(ctxt: &mut Ctxt, fields: &[ast::Field<'_>]) {
    let fields: Vec<_> = fields.iter().filter(|field| field.role != Role::Skipped).collect();
    for (i, field) in fields.iter().enumerate() {
        let constant = &field.constant;
        if let Some(first) = fields[..i].iter().find(|other| other.constant == *constant) {
            let sentence = format!(
                "the fields `{}` and `{}` would share the constant `{constant}`: name one of them differently",
                first.ident, field.ident
            );
            ctxt.error(field.ident, sentence);
        }
    }
}
