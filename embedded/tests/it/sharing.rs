//! One handle per file: within a process it is shared, between processes it is refused.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use dynamap_embedded::{OpenError, memory, open};

use crate::children::Played;
use crate::support::{TestResult, count, place, plain, put, tables};

fn is_locked(path: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let lock = File::open(path.with_extension("db.lock"))?;
    match lock.try_lock() {
        Ok(()) => {
            lock.unlock()?;
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[tokio::test]
async fn two_memory_stores_have_nothing_in_common() -> TestResult {
    let (one, other) = (memory()?, memory()?);
    plain(&one, "notes")?.send().await?;
    assert!(tables(&other).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn second_open_in_one_process_shares_the_handle() -> TestResult {
    let (directory, path) = place()?;
    let one = open(&path)?;
    plain(&one, "notes")?.send().await?;
    fs::create_dir(directory.path().join("sub"))?;
    let spelled = directory.path().join("sub").join("..").join("bank.db");
    let other = open(spelled)?;
    drop(one);
    put(&other, "notes", "a").await?;
    assert_eq!(count(&other, "notes", None).await?, 1);
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_another_spelling_of_its_file_even_before_there_is_a_file() -> TestResult {
    let (directory, path) = place()?;
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link)?;
    let one = open(&link)?;
    plain(&one, "notes")?.send().await?;
    assert_eq!(tables(&open(&path)?).await?, ["notes"]);
    Ok(())
}

#[test]
fn the_lock_is_released_with_the_last_client() -> TestResult {
    let (_directory, path) = place()?;
    let one = open(&path)?;
    let other = open(&path)?;
    drop(one);
    assert!(is_locked(&path)?);
    drop(other);
    assert!(!is_locked(&path)?);
    Ok(())
}

#[test]
fn threads_that_open_and_close_one_file_never_get_in_each_others_way() -> TestResult {
    let (_directory, path) = place()?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..10).try_for_each(|_| open(&path).map(drop))))
            .collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(opened) => opened,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    assert!(!is_locked(&path)?);
    Ok(())
}

#[tokio::test]
async fn another_process_is_refused_while_the_file_is_open() -> TestResult {
    let (_directory, path) = place()?;
    let mut child = Played::start("hold", &path)?;
    assert_eq!(child.hear()?.as_deref(), Some("open"));
    match open(&path) {
        Err(OpenError::Locked { path: refused, lock }) => {
            assert_eq!(refused, path.canonicalize()?);
            assert!(lock.exists());
        }
        other => return Err(format!("not refused: {other:?}").into()),
    }
    child.kill()?;
    assert!(tables(&open(&path)?).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_request_whose_future_is_dropped_is_finished_all_the_same() -> TestResult {
    let (_directory, path) = place()?;
    let client = open(&path)?;
    plain(&client, "notes")?.send().await?;
    tokio::select! {
        biased;
        answered = put(&client, "notes", "a") => answered?,
        () = std::future::ready(()) => {} // the future above is dropped after its first poll
    }
    while count(&client, "notes", None).await? == 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
