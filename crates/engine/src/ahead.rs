//! Tables made before anything is loaded into them: an empty load, published as every other.

use contract::{CommitOutcome, Destination};
use model::migration::LoadingPolicy;
use model::plan::Write;
use model::{LoadId, Result};

/// Makes the table of `write` with no rows in it. Where it is there meanwhile, it stays as it is: nothing is
/// added to it, and nothing is taken away. What an error left half made is removed.
pub async fn make_table(destination: &dyn Destination, write: &Write, load: &LoadId) -> Result<()> {
    let write = Write {
        policy: LoadingPolicy::Append,
        update_key: Vec::new(),
        ..write.clone()
    };
    let staging = destination.stage(&write, load)?;
    if let Err(error) = destination.prepare(&staging).await {
        give_up(destination, &staging).await;
        return Err(error);
    }
    match destination.commit(&staging, &[]).await {
        CommitOutcome::Done(_) => {}
        CommitOutcome::NotDone(error) => {
            give_up(destination, &staging).await;
            return Err(error);
        }
        CommitOutcome::Unknown(error) => {
            if destination.settle(&staging).await?.is_none() {
                give_up(destination, &staging).await;
                return Err(error);
            }
        }
    }
    if let Err(error) = destination.clean(&staging).await {
        tracing::warn!(table = %write.table.name, %error, "could not clean up");
    }
    Ok(())
}

async fn give_up(destination: &dyn Destination, staging: &contract::Staging) {
    if let Err(error) = destination.abort(staging).await {
        tracing::warn!(table = %staging.write.table.name, %error, "could not sweep");
    }
}
