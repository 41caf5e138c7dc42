//! Writes of items that have views: the rows are changed in the same transaction.
//!
//! What an item adds to rows follows from what it is. So the difference of what it was and what it shall be is what its
//! rows change by. Which views an item is part of stands on the item, so that a view that is declared later, or
//! begun anew, takes each item in once: with its next write, or by a rebuild.

use std::collections::{HashMap, HashSet};

use super::apply::{MAX_ACTIONS, Terms, Unapplied, send};
use super::known::{brought_back, is_late, make};
use super::plan::{After, Base, Write, target};
use super::rows::{Row, Rows};
use crate::database::Database;
use crate::error::{Error, Failure, Reason, Target, ViewError};
use crate::item::{AttributeValue, Item};
use crate::layout::Layout;
use crate::reader::Reader as _;
use crate::retry::Again;
use crate::schema::VIEWS_ATTRIBUTE;
use crate::view::{Op, ViewLayout};

/// Whether items carry marks of views.
pub(super) fn has_views(layout: &Layout) -> bool {
    !layout.views.is_empty() || !layout.retired_views.is_empty()
}

/// Whether rows go with a write.
pub(super) fn is_needed(write: &Write) -> bool {
    has_views(write.layout) && !matches!(write.after, After::Same)
}

/// Applies writes with the rows that go with them.
pub(super) async fn apply(
    db: &Database,
    writes: &[Write],
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    let mut seen = HashSet::new();
    let mut again = Again::new(db).until(terms.deadline);
    loop {
        let targets = || writes.iter().map(Write::target);
        let (all, rows) = again.in_time(make_all(db, writes, &seen), targets()).await?;
        let unapplied = match send(db, &all, terms).await {
            Ok(after) => {
                let own = all.iter().zip(after).take(writes.len());
                return Ok(own.map(brought_back).collect());
            }
            Err(mut unapplied) if unapplied.ambiguous => {
                if let Error::OutcomeUnknown(unknown) = &mut unapplied.error {
                    // The program knows its own items.
                    unknown.targets.truncate(writes.len());
                }
                return Err(unapplied);
            }
            Err(unapplied) => unapplied,
        };
        let (is_more, unapplied) = match met(unapplied, &rows, &mut seen)? {
            Met::Items(unapplied) if !is_late(writes, &unapplied) => return Err(unapplied),
            Met::Items(unapplied) => (again.pause().await, unapplied),
            Met::Rows { failures, is_new } => {
                let is_more = if is_new { again.at_once() } else { again.pause().await };
                (is_more, again.busy("TransactWriteItems", targets(), failures).into())
            }
        };
        if !is_more {
            return Err(unapplied);
        }
    }
}

/// The writes with those of rows, made of what is there; which items the rows are.
async fn make_all(
    db: &Database,
    writes: &[Write],
    seen: &HashSet<Target>,
) -> Result<(Vec<Write>, HashSet<Target>), Error> {
    let mut all = make(db, writes).await?;
    let rows = with_rows(db, &mut all, seen).await?;
    Ok((all, rows))
}

/// What was not as a round expected.
enum Met {
    /// Items of the program's own writes.
    Items(Unapplied),
    /// Rows alone, which are read for the next round. The program knows none of them. Those that were not read for this one
    /// were written blindly: nobody need have changed them.
    Rows { failures: Vec<Failure>, is_new: bool },
}

fn met(
    unapplied: Unapplied,
    rows: &HashSet<Target>,
    seen: &mut HashSet<Target>,
) -> Result<Met, Unapplied> {
    let Unapplied { error, ambiguous, sent } = unapplied;
    let conflict = match error {
        Error::Conflict(conflict) => conflict,
        error => return Err(Unapplied { error, ambiguous, sent }),
    };
    let is_row = |failure: &Failure| {
        rows.get(&Target { table: failure.table.clone(), key: failure.key.clone() }).cloned()
    };
    let (mut own, mut failures, mut is_new) = (Vec::new(), Vec::new(), false);
    for failure in conflict.into_failures() {
        match is_row(&failure) {
            // A unique value of a row is no matter of reading it again.
            Some(row) if !matches!(failure.reason(), Reason::NotUnique { .. }) => {
                is_new |= seen.insert(row);
                failures.push(failure);
            }
            _ => own.push(failure),
        }
    }
    if own.is_empty() && !failures.is_empty() {
        return Ok(Met::Rows { failures, is_new });
    }
    let error = Error::Conflict(Box::new(crate::error::Conflict::new(own)));
    Ok(Met::Items(Unapplied { error, ambiguous, sent }))
}

/// Adds the writes of rows, and of rows that are made of those; which items these are.
async fn with_rows(
    db: &Database,
    all: &mut Vec<Write>,
    seen: &HashSet<Target>,
) -> Result<HashSet<Target>, Error> {
    let mut targets = HashSet::new();
    let mut sources: Vec<usize> = (0..all.len()).collect();
    while !sources.is_empty() {
        let mut rows = Rows::default();
        for at in sources.drain(..) {
            if is_needed(&all[at]) {
                no_cycle(all[at].layout, &mut Vec::new())?;
                contribute(db, &mut all[at], &mut rows)?;
            }
        }
        for row in rows.changed() {
            if let Some(at) = all.iter().position(|other| other.target == row.target) {
                if let Some(write) = checked(&all[at], &row)? {
                    all[at] = write;
                    sources.push(at);
                }
                continue;
            }
            let Some(write) = written(db, &row, seen).await? else { continue };
            targets.insert(write.target.clone());
            sources.push(all.len());
            all.push(write);
            if all.len() > MAX_ACTIONS {
                let (name, writes, limit) = (row.view.name, all.len(), MAX_ACTIONS);
                return Err(view(ViewError::TooMany { view: name, writes, limit }));
            }
        }
    }
    Ok(targets)
}

/// The write of a row that the program has read and wants to be as it was; `None` where nothing is to be done.
fn checked(own: &Write, row: &Row) -> Result<Option<Write>, Error> {
    let stored = match (&own.base, &own.after, &own.condition) {
        (Base::Stored(item), After::Same, None) => Some(item.clone()),
        (Base::Absent, After::Same, None) => None,
        _ => {
            let (name, row) = (row.view.name, Box::new(row.target.clone()));
            return Err(view(ViewError::OwnItem { view: name, row }));
        }
    };
    Ok(row.on(stored)?.map(|write| write.numbered(own.number).comparing_all()))
}

/// The write of a row; `None` where nothing is to be done.
async fn written(db: &Database, row: &Row, seen: &HashSet<Target>) -> Result<Option<Write>, Error> {
    let layout = row.layout;
    let must_be_known = !layout.views.is_empty() || !layout.uniques.is_empty();
    if must_be_known || db.writes_older(layout) || seen.contains(&row.target) {
        let stored = db.read_item(layout, &row.target.key, true).await?;
        return row.on(stored);
    }
    row.blind().map(Some)
}

/// Notes what a write takes from rows and adds to them, and that the item is part of its views.
fn contribute(db: &Database, write: &mut Write, rows: &mut Rows) -> Result<(), Error> {
    let before = match &write.base {
        Base::Stored(item) => Some(item),
        Base::Absent => None,
        Base::Any => return Err(Error::Usage("an item with views is written as it was read")),
    };
    let (views, Target { table, key }) = (write.layout.views, &write.target);
    let mut marks = before.map_or_else(HashMap::new, marks);
    for (name, generation) in &marks {
        let known = views.iter().find(|view| view.name == name);
        let is_retired = write.layout.retired_views.contains(&name.as_str());
        let is_newer = known.map_or(!is_retired, |view| *generation > view.generation);
        if is_newer {
            let target = Box::new(write.target.clone());
            return Err(view(ViewError::Newer { view: name.clone(), target }));
        }
    }
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let after = match &write.after {
        After::New(item) | After::Changed(item) => Some(item),
        _ => None,
    };
    for view in views {
        let is_part = marks.get(view.name) == Some(&view.generation);
        if let Some(item) = before.filter(|_| is_part) {
            let ops =
                (view.ops)(table, key, item).map_err(|error| unreadable(view, write, error))?;
            old.push((view, ops));
        }
        if let Some(item) = after {
            new.push((view, (view.ops)(table, key, item)?));
        }
        marks.insert(view.name.to_owned(), view.generation);
    }
    let mut note = |(view, ops): (&'static ViewLayout, Vec<Op>), is_added| -> Result<(), Error> {
        for op in ops {
            let layout = (view.row)();
            let row = target(db, layout, op.key.clone());
            rows.note(view, layout, row, op, &write.target.key, write.number, is_added)?;
        }
        Ok(())
    };
    old.into_iter().try_for_each(|ops| note(ops, false))?;
    new.into_iter().try_for_each(|ops| note(ops, true))?;
    marks.retain(|name, _| views.iter().any(|view| view.name == name));
    if let After::New(item) | After::Changed(item) = &mut write.after {
        if marks.is_empty() {
            item.remove(VIEWS_ATTRIBUTE);
        } else {
            item.insert(VIEWS_ATTRIBUTE, marks_value(marks));
        }
    }
    Ok(())
}

/// What an item added is not known any more.
fn unreadable(view_layout: &ViewLayout, write: &Write, error: Error) -> Error {
    match error {
        Error::Decode(_) | Error::Upgrade(_) | Error::NoUpgradePath(_) => {
            let target = Box::new(write.target.clone());
            view(ViewError::Unreadable { view: view_layout.name, target })
        }
        error => error,
    }
}

/// The views that an item is part of, each with its generation.
pub(crate) fn marks(item: &Item) -> HashMap<String, u32> {
    let Some(AttributeValue::M(marks)) = item.get(VIEWS_ATTRIBUTE) else { return HashMap::new() };
    let number = |value: &AttributeValue| value.as_n().ok()?.parse().ok();
    marks.iter().filter_map(|(name, value)| Some((name.clone(), number(value)?))).collect()
}

fn marks_value(marks: HashMap<String, u32>) -> AttributeValue {
    let number =
        |(name, generation): (String, u32)| (name, AttributeValue::N(generation.to_string()));
    AttributeValue::M(marks.into_iter().map(number).collect())
}

/// Refuses a view that is made of its own rows.
fn no_cycle(layout: &'static Layout, above: &mut Vec<*const Layout>) -> Result<(), Error> {
    above.push(layout);
    for view_layout in layout.views {
        let row = (view_layout.row)();
        if above.contains(&std::ptr::from_ref(row)) {
            return Err(view(ViewError::Cycle { view: view_layout.name }));
        }
        no_cycle(row, above)?;
    }
    above.pop();
    Ok(())
}

pub(super) fn view(error: ViewError) -> Error {
    Error::View(Box::new(error))
}
