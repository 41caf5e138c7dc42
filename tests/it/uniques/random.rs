//! Random writes against a map in memory: after each one the store has the guards that its items need, exactly.

use dynamap::Transaction;
use proptest::prelude::*;

use super::*;

/// An e-mail address, a tenant and a login, each out of few.
type Values = (Option<u8>, u8, Option<u8>);

#[derive(Debug, Clone)]
enum Op {
    Insert(u8, Values),
    Save(u8, Values),
    Upsert(u8, Values),
    SetEmail(u8, Option<u8>),
    SetTenant(u8, u8),
    Note(u8),
    Delete(u8),
    DeleteByKey(u8),
    /// The same in one transaction.
    Together(Vec<Op>),
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0..5_u8;
    let value = || prop::option::of(0..3_u8);
    let values = || (value(), 0..2_u8, value());
    let leaf = prop_oneof![
        (id(), values()).prop_map(|(id, values)| Op::Insert(id, values)),
        (id(), values()).prop_map(|(id, values)| Op::Save(id, values)),
        (id(), values()).prop_map(|(id, values)| Op::Upsert(id, values)),
        (id(), value()).prop_map(|(id, email)| Op::SetEmail(id, email)),
        (id(), 0..2_u8).prop_map(|(id, tenant)| Op::SetTenant(id, tenant)),
        id().prop_map(Op::Note),
        id().prop_map(Op::Delete),
        id().prop_map(Op::DeleteByKey),
    ];
    leaf.prop_recursive(1, 4, 4, |inner| prop::collection::vec(inner, 2..4).prop_map(Op::Together))
}

fn model(id: u8, (email, tenant, login): Values) -> User {
    User {
        id: id.into(),
        email: email.map(|email| format!("{email}@x")),
        tenant: format!("t{tenant}"),
        login: login.map(|login| login.to_string()),
        ..User::default()
    }
}

type Users = BTreeMap<u8, Values>;

/// What an operation makes of the users; `None` where it is refused, not regarding unique values.
fn expect(users: &Users, op: &Op) -> Option<Users> {
    let mut after = users.clone();
    match op {
        Op::Insert(id, values) => after.insert(*id, *values).is_none().then_some(after),
        Op::Save(id, values) => after.insert(*id, *values).is_some().then_some(after),
        Op::Upsert(id, values) => {
            after.insert(*id, *values);
            Some(after)
        }
        Op::SetEmail(id, email) => {
            after.get_mut(id)?.0 = *email;
            Some(after)
        }
        Op::SetTenant(id, tenant) => {
            after.get_mut(id)?.1 = *tenant;
            Some(after)
        }
        Op::Note(id) => after.contains_key(id).then_some(after),
        Op::Delete(id) => after.remove(id).is_some().then_some(after),
        Op::DeleteByKey(id) => {
            after.remove(id);
            Some(after)
        }
        Op::Together(ops) => ops.iter().try_fold(after, |users, op| expect(&users, op)),
    }
}

/// Whether no two users share a value.
fn is_unique(users: &Users) -> bool {
    let mut emails: Vec<_> = users.values().filter_map(|(email, ..)| *email).collect();
    let mut logins: Vec<_> =
        users.values().filter_map(|(_, tenant, login)| Some((*tenant, (*login)?))).collect();
    let (all_emails, all_logins) = (emails.len(), logins.len());
    emails.sort_unstable();
    emails.dedup();
    logins.sort_unstable();
    logins.dedup();
    emails.len() == all_emails && logins.len() == all_logins
}

async fn run(db: &Database, op: &Op) -> Result<(), Error> {
    match op {
        Op::Insert(id, values) => model(*id, *values).insert(db).await.map(drop),
        Op::Save(id, values) => {
            let found = User::get(db, u32::from(*id)).consistent().await?;
            let Some(mut found) = found else { return Err(Error::Usage("there is none")) };
            *found = User { version: found.version, ..model(*id, *values) };
            found.save(db).await
        }
        Op::Upsert(id, values) => model(*id, *values).upsert(db).await.map(drop),
        Op::SetEmail(..) | Op::SetTenant(..) | Op::Note(_) => update(db, op).await,
        Op::Delete(id) => {
            let found = User::get(db, u32::from(*id)).consistent().await?;
            let Some(found) = found else { return Err(Error::Usage("there is none")) };
            found.delete(db).await.map(drop)
        }
        Op::DeleteByKey(id) => User::delete(db, u32::from(*id)).unchecked().await,
        Op::Together(ops) => {
            let tx = Transaction::begin(db);
            for op in ops {
                intend(db, &tx, op).await?;
            }
            tx.commit().await.map(drop)
        }
    }
}

fn update<'a>(db: &'a Database, op: &Op) -> dynamap::Update<'a, User> {
    match op {
        Op::SetEmail(id, Some(email)) => {
            User::update(db, u32::from(*id)).set(User::EMAIL, format!("{email}@x").as_str())
        }
        Op::SetEmail(id, None) => User::update(db, u32::from(*id)).remove(User::EMAIL),
        Op::SetTenant(id, tenant) => {
            User::update(db, u32::from(*id)).set(User::TENANT, format!("t{tenant}").as_str())
        }
        Op::Note(id) => User::update(db, u32::from(*id)).set(User::NOTE, "x"),
        _ => unreachable!("not an update"),
    }
}

async fn intend(db: &Database, tx: &Transaction, op: &Op) -> Result<(), Error> {
    let none = || Error::Usage("there is none");
    match op {
        Op::Insert(id, values) => tx.insert(model(*id, *values)).map(drop),
        Op::Save(id, values) | Op::Upsert(id, values) => {
            let found = User::get(tx, u32::from(*id)).await?;
            let Some(mut found) = found else {
                let insert = matches!(op, Op::Upsert(..));
                return if insert { tx.insert(model(*id, *values)).map(drop) } else { Err(none()) };
            };
            *found = User { version: found.version, ..model(*id, *values) };
            tx.save(found).map(drop)
        }
        Op::SetEmail(id, _) | Op::SetTenant(id, _) | Op::Note(id) => {
            // By key and unread where nothing of the item was written before; known otherwise.
            if User::get(tx, u32::from(*id)).await?.is_none() {
                return Err(none());
            }
            tx.write(update(db, op)).map(drop)
        }
        Op::Delete(id) | Op::DeleteByKey(id) => match User::get(tx, u32::from(*id)).await? {
            Some(found) => tx.delete(found).map(drop),
            None if matches!(op, Op::Delete(_)) => Err(none()),
            None => Ok(()),
        },
        Op::Together(ops) => {
            for op in ops {
                Box::pin(intend(db, tx, op)).await?;
            }
            Ok(())
        }
    }
}

async fn check(ops: Vec<Op>) {
    let (db, _) = store().await;
    let mut users = Users::new();
    for op in &ops {
        let wanted = expect(&users, op).filter(is_unique);
        let done = run(&db, op).await;
        assert_eq!(done.is_ok(), wanted.is_some(), "{op:?} of {users:?}: {done:?}");
        users = wanted.unwrap_or(users);
        let stored = User::scan(&db).consistent().try_collect().await.expect("a scan");
        assert_eq!(stored.len(), users.len());
        for user in stored {
            let id = u8::try_from(user.id).expect("a small id");
            let mut wanted = model(id, users[&id]);
            (wanted.version, wanted.note) = (user.version, user.note.clone());
            assert_eq!(*user, wanted);
        }
        assert_guarded(&db).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_guards_are_those_that_the_items_need(ops in prop::collection::vec(op(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(check(ops));
    }
}
