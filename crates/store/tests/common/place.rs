//! A fresh database of one kind, in which any number of stores may be opened at once.

use std::sync::Arc;

use exchange::ports::Store;
use tempfile::TempDir;

use super::postgres;

pub enum Place {
    Sqlite(TempDir),
    Postgres(String),
}

impl Place {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub fn postgres() -> Self {
        Self::Postgres(postgres::fresh_database())
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("node.db").display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        store::open(&self.url()).await.unwrap()
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap()
}
