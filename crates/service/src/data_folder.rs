//! Where runs, journals and rejected rows are kept: as told, else `$GODWIT_DATA`, else `.godwit`.

use std::path::{Path, PathBuf};

use model::{Error, ErrorKind, Result};
use store::Store;

const VARIABLE: &str = "GODWIT_DATA";
const NAME: &str = ".godwit";

/// The data folder: `told`, else the environment's, else one in `beside`.
pub(crate) fn data_folder(told: Option<&Path>, beside: &Path) -> PathBuf {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    told.map(Path::to_owned)
        .or(variable.map(PathBuf::from))
        .unwrap_or_else(|| beside.join(NAME))
}

/// The store of a data folder that is there; none is made.
pub(crate) async fn existing_store(told: Option<&Path>) -> Result<Store> {
    let folder = data_folder(told, Path::new(""));
    if !tokio::fs::try_exists(folder.join("godwit.db"))
        .await
        .unwrap_or(false)
    {
        let message = format!("there are no runs in {folder:?}");
        return Err(Error::new(ErrorKind::NotFound, "NO_RUNS", message)
            .hint("name the data folder with --data or GODWIT_DATA"));
    }
    match Store::open(&folder).await {
        // What may not be written may be read.
        Err(error) if matches!(error.code, "DATA_FOLDER" | "STORE_READ_ONLY") => {
            Store::open_read_only(&folder).await?.ok_or(error)
        }
        opened => opened,
    }
}
