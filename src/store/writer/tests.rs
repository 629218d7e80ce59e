//! What the writer promises: durable before answered, one write's fault is nobody else's, a refusal instead of a wait.

use std::path::PathBuf;

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;

use super::*;
use crate::store::on_any;

struct Fixture {
    writer: Arc<Writer>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn fixture(batches: Batches) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let mut connection = connection::open(&Database::Sqlite(path.clone())).unwrap();
    on_any!(&mut connection, |c| c.batch_execute("CREATE TABLE things (name TEXT NOT NULL PRIMARY KEY);")).unwrap();
    let writer = Writer::thread(Database::Sqlite(path.clone()), connection, batches).unwrap();
    Fixture { writer: Arc::new(writer), path, _folder: folder }
}

fn insert(c: &mut Connection, name: &str) -> Result<()> {
    let statement = diesel::sql_query("INSERT INTO things (name) VALUES ($1)");
    on_any!(c, |c| statement.bind::<diesel::sql_types::Text, _>(name).execute(c))?;
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn count(fixture: &Fixture) -> i64 {
    let mut connection = connection::open(&Database::Sqlite(fixture.path.clone())).unwrap();
    let rows: Count =
        on_any!(&mut connection, |c| diesel::sql_query("SELECT count(*) AS count FROM things").get_result(c)).unwrap();
    rows.count
}

#[tokio::test]
async fn an_error_undoes_its_own_write_only() {
    let fixture = fixture(Batches::default());
    let good = fixture.writer.write(|c| insert(c, "one"));
    let bad = fixture.writer.write(|c| {
        insert(c, "two")?;
        Err::<(), _>(StoreError::Undone)
    });
    let twice = fixture.writer.write(|c| insert(c, "one"));
    let (good, bad, twice) = tokio::join!(good, bad, twice);
    assert!(good.is_ok());
    assert!(matches!(bad, Err(StoreError::Undone)));
    assert!(matches!(twice, Err(StoreError::Database(_))));
    assert_eq!(count(&fixture), 1);
}

#[tokio::test]
async fn a_panic_is_told_and_the_writer_lives_on() {
    let fixture = fixture(Batches::default());
    let panicked = fixture.writer.write(|c| -> Result<()> {
        insert(c, "lost")?;
        panic!("on purpose")
    });
    let (panicked, good) = tokio::join!(panicked, fixture.writer.write(|c| insert(c, "kept")));
    assert!(matches!(panicked, Err(StoreError::Panicked(text)) if text == "on purpose"));
    assert!(good.is_ok());
    assert_eq!(count(&fixture), 1);
}

#[tokio::test]
async fn an_answered_write_is_seen_by_every_other_connection() {
    let fixture = fixture(Batches::default());
    for number in 0..50 {
        fixture.writer.write(move |c| insert(c, &number.to_string())).await.unwrap();
        assert_eq!(count(&fixture), number + 1);
    }
}

#[tokio::test]
async fn hundreds_of_waiting_writes_all_land() {
    let fixture = fixture(Batches::default());
    let writes = (0..500).map(|number| {
        let writer = fixture.writer.clone();
        tokio::spawn(async move { writer.write(move |c| insert(c, &number.to_string())).await })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&fixture), 500);
}

#[tokio::test]
async fn a_write_whose_asker_has_gone_still_runs() {
    let fixture = fixture(Batches::default());
    let mut asked = Box::pin(fixture.writer.write(|c| insert(c, "orphan")));
    assert!(futures_util::poll!(&mut asked).is_pending());
    drop(asked);
    fixture.writer.write(|c| insert(c, "after")).await.unwrap();
    assert_eq!(count(&fixture), 2);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let fixture = fixture(Batches { queue: 1, ..Batches::default() });
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, running) = oneshot::channel();
    let writer = fixture.writer.clone();
    let slow = tokio::spawn(async move {
        let held_up = writer.write(move |c| {
            started.send(()).unwrap();
            held.recv().unwrap();
            insert(c, "slow")
        });
        held_up.await
    });
    running.await.unwrap();
    let writer = fixture.writer.clone();
    let mut queued = Box::pin(async move { writer.write(|c| insert(c, "queued")).await });
    assert!(futures_util::poll!(&mut queued).is_pending());
    assert!(matches!(fixture.writer.write(|c| insert(c, "refused")).await, Err(StoreError::Full)));
    release.send(()).unwrap();
    slow.await.unwrap().unwrap();
    queued.await.unwrap();
    assert_eq!(count(&fixture), 2);
}

#[tokio::test]
async fn a_write_that_ends_the_transaction_is_noticed_and_the_next_one_works() {
    let fixture = fixture(Batches::default());
    let rogue = fixture.writer.write(|c| {
        on_any!(c, |c| c.batch_execute("ROLLBACK;"))?;
        insert(c, "stray")
    });
    assert!(rogue.await.is_err());
    fixture.writer.write(|c| insert(c, "next")).await.unwrap();
}

#[tokio::test]
async fn another_programs_lock_is_waited_for() {
    let fixture = fixture(Batches::default());
    let mut other = connection::open(&Database::Sqlite(fixture.path.clone())).unwrap();
    on_any!(&mut other, |c| c.batch_execute("BEGIN IMMEDIATE;")).unwrap();
    let writer = fixture.writer.clone();
    let waiting = tokio::spawn(async move { writer.write(|c| insert(c, "waited")).await });
    tokio::task::yield_now().await;
    on_any!(&mut other, |c| c.batch_execute("COMMIT;")).unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(count(&fixture), 1);
}

#[tokio::test]
async fn a_stop_finishes_what_waits_and_refuses_what_comes() {
    let fixture = fixture(Batches { jobs: 8, ..Batches::default() });
    let writes: Vec<_> = (0..50)
        .map(|number| {
            let writer = fixture.writer.clone();
            tokio::spawn(async move { writer.write(move |c| insert(c, &number.to_string())).await })
        })
        .collect();
    tokio::task::yield_now().await;
    fixture.writer.stop().await;
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert!(matches!(fixture.writer.write(|c| insert(c, "late")).await, Err(StoreError::Stopped)));
    assert_eq!(count(&fixture), 50);
}
