//! What an operator reads when the database does not work. Never repeats a value or an address.

use exchange::ports::PortFault;
use sqlx::Error;

/// The fault that a failed statement becomes.
pub(crate) fn port(error: Error) -> PortFault {
    if let Error::Database(cause) = &error {
        return refused(&cause.code().unwrap_or_default(), cause.message());
    }
    if let Error::Io(cause) = &error {
        return PortFault(format!(
            "the database cannot be reached: {cause}; check that it runs and that its disk works"
        ));
    }
    if matches!(error, Error::PoolTimedOut) {
        return PortFault(
            "the database gave no connection in time: it is down, overloaded or locked; look at its own log".into(),
        );
    }
    if matches!(error, Error::PoolClosed | Error::WorkerCrashed) {
        return PortFault("the connection to the database is closed: start the node again".into());
    }
    if matches!(
        error,
        Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::ColumnNotFound(_)
            | Error::TypeNotFound { .. }
    ) {
        return crate::number::strange("a value");
    }
    PortFault(
        "the connection to the database failed: check its address, certificate and log".into(),
    )
}

/// The fault that a failed statement of SQLite becomes.
pub(crate) fn sqlite(error: rusqlite::Error) -> PortFault {
    let (code, what) = if let rusqlite::Error::SqliteFailure(code, what) = error {
        (code, what)
    } else if let rusqlite::Error::SqlInputError { error, msg, .. } = error {
        (error, Some(msg))
    } else {
        return crate::number::strange("a value");
    };
    let what = what.unwrap_or_else(|| code.to_string());
    refused(&code.extended_code.to_string(), &what)
}

fn refused(code: &str, what: &str) -> PortFault {
    PortFault(format!(
        "the database refused a statement (code {code}): {what}; look at the database's own log"
    ))
}

/// The fault that a failed migration becomes.
pub(crate) fn migration(error: sqlx::migrate::MigrateError) -> PortFault {
    use sqlx::migrate::MigrateError;
    if matches!(error, MigrateError::VersionMissing(crate::moving::MOVED)) {
        return PortFault(
            "the state was moved from this database to another one, and nothing is written here any more: have node.toml \
             name the other one (docs/runbook.md)"
                .into(),
        );
    }
    if let MigrateError::VersionMissing(version) = error {
        return PortFault(format!(
            "the database was brought to version {version} by a newer program: run that program"
        ));
    }
    if let MigrateError::VersionMismatch(version) = error {
        return PortFault(format!(
            "the database's version {version} is not this program's: it was made by another build"
        ));
    }
    if let MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) = error {
        return port(cause);
    }
    PortFault("the database's tables could not be brought up to date: look at its log".into())
}
