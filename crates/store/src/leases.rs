//! Leases: what only one may do at a time, a server for its own runs, one of all servers for the calendar.
//!
//! Nobody compares clocks. The holder gives signs of life, each a number more; whoever watches takes a lease
//! over once its number has stood still for long by the watcher's own clock. Each owner has a higher fence
//! than the one before, and what is written under a fence is refused once there is a higher one.

use model::{Error, ErrorKind, Result, Side};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::failure;
use crate::open::Store;

/// A lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it; empty where nobody does.
    pub owner: String,
    /// Grows with each owner.
    pub fence: i64,
    /// Grows with each sign of life.
    pub beat: i64,
}

/// What writes of a lease's holder carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The lease.
    pub name: String,
    /// The number that must still be its.
    pub fence: i64,
}

impl Lease {
    /// What writes under it carry.
    pub fn fence(&self) -> Fence {
        Fence {
            name: self.name.clone(),
            fence: self.fence,
        }
    }
}

/// That the lease is another's by now.
pub(crate) fn lost(name: &str) -> Error {
    let message = format!("the lease {name:?} was taken over by another server");
    Error::new(ErrorKind::Conflict, "LEASE_LOST", message)
        .on(Side::Store)
        .hint("the other server goes on with what it was for")
}

impl Store {
    /// The same store, which refuses to append to journals and to end runs once the fence is not the
    /// lease's any more (`LEASE_LOST`).
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        let mut fenced = self.clone();
        fenced.fence = Some(fence);
        // Lines of others are not made durable together with these.
        fenced.appending = Default::default();
        fenced
    }

    /// Takes a lease that nobody holds; `None` where somebody does.
    pub async fn take_lease(&self, name: &str, owner: &str) -> Result<Option<Lease>> {
        let taken = sqlx::query(
            "INSERT INTO leases (name, owner, fence, beat) VALUES ($1, $2, 1, 0) \
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = leases.fence + 1, \
             beat = 0 WHERE leases.owner = '' RETURNING name, owner, fence, beat",
        )
        .bind(name)
        .bind(owner)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not take the lease {name:?}"), cause))?;
        Ok(taken.as_ref().map(lease))
    }

    /// Takes a lease over from one whose holder gave no sign of life since it was `seen`; `None` where it
    /// did, or another one was faster.
    pub async fn take_over(&self, seen: &Lease, owner: &str) -> Result<Option<Lease>> {
        let name = &seen.name;
        let taken = sqlx::query(
            "UPDATE leases SET owner = $4, fence = fence + 1, beat = 0 \
             WHERE name = $1 AND fence = $2 AND beat = $3 RETURNING name, owner, fence, beat",
        )
        .bind(name)
        .bind(seen.fence)
        .bind(seen.beat)
        .bind(owner)
        .fetch_optional(&self.pool)
        .await
        .map_err(|cause| failure(&format!("could not take over the lease {name:?}"), cause))?;
        Ok(taken.as_ref().map(lease))
    }

    /// A sign of life. `LEASE_LOST` where it is another's by now.
    pub async fn beat(&self, fence: &Fence) -> Result<()> {
        let name = &fence.name;
        let beaten =
            sqlx::query("UPDATE leases SET beat = beat + 1 WHERE name = $1 AND fence = $2")
                .bind(name)
                .bind(fence.fence)
                .execute(&self.pool)
                .await
                .map_err(|cause| failure(&format!("could not renew the lease {name:?}"), cause))?;
        match beaten.rows_affected() {
            0 => Err(lost(name)),
            _ => Ok(()),
        }
    }

    /// Lets go of a lease; nothing where it is another's by now.
    pub async fn let_go(&self, fence: &Fence) -> Result<()> {
        let name = &fence.name;
        sqlx::query("UPDATE leases SET owner = '' WHERE name = $1 AND fence = $2")
            .bind(name)
            .bind(fence.fence)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure(&format!("could not let go of the lease {name:?}"), cause))?;
        Ok(())
    }

    /// The leases whose names begin so, by name.
    pub async fn leases(&self, beginning: &str) -> Result<Vec<Lease>> {
        let rows = sqlx::query(
            "SELECT name, owner, fence, beat FROM leases \
             WHERE SUBSTR(name, 1, LENGTH($1)) = $1 ORDER BY name",
        )
        .bind(beginning)
        .fetch_all(&self.pool)
        .await
        .map_err(|cause| failure("could not read the leases", cause))?;
        Ok(rows.iter().map(lease).collect())
    }
}

fn lease(row: &AnyRow) -> Lease {
    Lease {
        name: row.get(0),
        owner: row.get(1),
        fence: row.get(2),
        beat: row.get(3),
    }
}
