//! The database: SQLite in WAL mode, one connection that writes and several that read.
//!
//! Every function names the owner it works for: what is another's is not found. Several processes may share the
//! file (`kinora serve` and `kinora worker`), so whatever must hold is checked inside one write transaction.

pub mod boards;
pub mod clips;
mod cursor;
pub mod feed;
pub mod folders;
pub mod jobs;
pub mod refusals;
pub mod storage;
pub mod styles;
pub mod usage;
pub mod users;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqlitePool, Transaction};
use tokio::sync::Notify;

use crate::Result;
use crate::files::Files;

/// Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) read: SqlitePool,
    write: SqlitePool,
    pub files: Files,
    /// Rung after each write of this process, see [`crate::events`].
    pub written: Arc<Notify>,
    /// Rung when a job may have become ready to be taken.
    pub work: Arc<Notify>,
}

/// How long a statement waits while another process writes.
const BUSY: Duration = Duration::from_secs(20);
const READERS: u32 = 8;

impl Store {
    /// Opens the database, or makes it.
    pub async fn open(files: Files) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(files.database())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        // After a commit that found no room SQLite has rolled back by itself, which sqlx does not notice: such a
        // connection would refuse every transaction that follows.
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .before_acquire(|connection, _| {
                    Box::pin(async { Ok(!connection.is_in_transaction()) })
                })
        };
        // Of two processes that start at once, one makes the tables while the other waits.
        let turn = std::fs::File::create(files.root().join("open.lock"))?;
        let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await??;
        let begun = Instant::now();
        // SQLite does not wait by itself for all that is done here, should an older process be at work.
        let write = loop {
            match migrated(pool(1), options.clone()).await {
                Err(sqlx::Error::Database(error)) if is_busy(&*error) && begun.elapsed() < BUSY => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                result => break result?,
            }
        };
        drop(turn);
        let read = pool(READERS).connect_lazy_with(options.read_only(true));
        Ok(Self {
            read,
            write,
            files,
            written: Arc::default(),
            work: Arc::default(),
        })
    }

    /// A transaction that sees the latest state and alone may change it.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) async fn commit(&self, transaction: Transaction<'static, Sqlite>) -> Result<()> {
        transaction.commit().await?;
        self.written.notify_one();
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// Writes what is in the log into the file itself, and lets go of it.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn migrated(
    pool: SqlitePoolOptions,
    options: SqliteConnectOptions,
) -> sqlx::Result<SqlitePool> {
    let pool = pool.connect_with(options).await?;
    match sqlx::migrate!("./migrations").run(&pool).await {
        Ok(()) => Ok(pool),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error),
        Err(error) => Err(sqlx::Error::Migrate(error.into())),
    }
}

/// SQLITE_BUSY, in any of its kinds.
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// JSON kept in a column; what cannot be read counts as absent.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}
