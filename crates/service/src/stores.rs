//! The store of a service from outside: a copy of it, and the keys that its secrets are sealed with, changed while
//! servers run. Each server reads the key file again when it meets a key that it does not know.

use std::path::{Path, PathBuf};

use model::{Error, Result};
use serde_json::json;
use store::{By, KeyRing, ServerLock, Store, Stored};

use crate::clock::Clock;
use crate::data_folder::data_folder;
use crate::opening::{CANARY, Configuration, OURSELVES, Setting, open_keys, open_store};

/// How many secrets are read at once.
const PAGE: u32 = 200;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// How many secrets were sealed anew.
    pub secrets: usize,
    /// Where the keys stand.
    pub path: PathBuf,
}

/// Makes a new key, and seals with it all that the store keeps. Servers go on; older keys stay in the file, so that
/// what they seal until they have read it again, and backups of the store, can still be read.
pub async fn rotate(configuration: &Configuration, data: Option<&Path>) -> Result<Resealed> {
    let (store, keys) = open(configuration, &folder(data)).await?;
    keys.rotate()?;
    done(store, keys, "keys.rotated").await
}

/// Seals all with the newest key, and takes older ones out of the file: backups of the store from before can be read
/// no more with it. Refused with `FOLDER_IN_USE` while a server runs on this data folder: it would go on with the
/// keys that it has read.
pub async fn forget_old(configuration: &Configuration, data: Option<&Path>) -> Result<Resealed> {
    let folder = folder(data);
    let (store, keys) = open(configuration, &folder).await?;
    let _lock = ServerLock::take(&folder)?;
    reseal(&store, &keys).await?;
    keys.forget_old()?;
    done(store, keys, "keys.forgotten").await
}

/// Copies the store into a file that is not there yet, while servers use it. The keys are not in it.
pub async fn back_up(
    configuration: &Configuration,
    data: Option<&Path>,
    file: &Path,
) -> Result<PathBuf> {
    let (store, keys) = open(configuration, &folder(data)).await?;
    store.back_up(file).await?;
    store.close().await;
    Ok(keys.path().to_owned())
}

fn folder(data: Option<&Path>) -> PathBuf {
    let folder = data_folder(data, Path::new(""));
    std::path::absolute(&folder).unwrap_or(folder)
}

async fn open(configuration: &Configuration, folder: &Path) -> Result<(Store, KeyRing)> {
    let store = open_store(configuration, folder).await?;
    let (keys, _, _) = open_keys(configuration, &store, folder, Clock::default()).await?;
    Ok((store, keys))
}

async fn done(store: Store, keys: KeyRing, action: &str) -> Result<Resealed> {
    let secrets = reseal(&store, &keys).await?;
    let detail = json!({ "secrets": secrets });
    store.note(&by(), action, ("", "keys"), &detail).await?;
    store.close().await;
    Ok(Resealed {
        secrets,
        path: keys.path().to_owned(),
    })
}

fn by() -> By {
    By {
        person: OURSELVES.to_owned(),
        at: Clock::default().millis(),
        ..By::default()
    }
}

/// Seals anew all that stands in the store under an older key, page by page. One that a person changes meanwhile
/// stays as it is by then.
async fn reseal(store: &Store, keys: &KeyRing) -> Result<usize> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = store.all_secrets(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (id, sealed) in &page {
            if let Some(new) = keys.reseal(id, sealed)? {
                store.reseal(id, sealed, &new).await?;
                count += 1;
            }
        }
    }
    let canary: Option<Stored<Setting>> = store.find("", CANARY).await?;
    let canary = canary.ok_or_else(|| Error::internal("a store that is open has no canary"))?;
    if let Some(sealed) = keys.reseal_canary(&canary.body.sealed)? {
        let body = Setting { sealed };
        store.replace(&by(), Stored { body, ..canary }).await?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use model::ObjectId;

    use super::*;

    #[tokio::test]
    async fn all_is_sealed_with_a_new_key_and_the_old_one_can_be_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (configuration, data) = (Configuration::default(), Some(folder.path()));
        let (store, keys) = open(&configuration, folder.path()).await.unwrap();
        let object = ObjectId::new("o");
        let sealed: Vec<_> = (0..450)
            .map(|number| {
                let id = format!("s{number}");
                let sealed = keys.seal(&id, &format!("text {number}")).unwrap();
                (id, sealed)
            })
            .collect();
        store.keep_secrets(&object, &sealed, &[]).await.unwrap();
        let before = std::fs::read_to_string(keys.path()).unwrap();
        let rotated = rotate(&configuration, data).await.unwrap();
        assert_eq!(
            (rotated.secrets, rotated.path.as_path()),
            (450, keys.path())
        );
        assert_eq!(rotate(&configuration, data).await.unwrap().secrets, 450);
        // A server that runs has not heard of it, and reads all the same.
        let standing = store.secrets(&object).await.unwrap();
        let all_read = standing.iter().all(|(id, sealed)| {
            let text = keys.unseal(id, sealed).unwrap();
            text.as_str() == format!("text {}", &id[1..])
        });
        assert!(all_read);
        // And seals with the key that it knows until then.
        let late = vec![("late".to_owned(), keys.seal("late", "late").unwrap())];
        store
            .keep_secrets(&ObjectId::new("p"), &late, &[])
            .await
            .unwrap();
        let server = ServerLock::take(folder.path()).unwrap();
        let refused = forget_old(&configuration, data).await.unwrap_err();
        assert_eq!(refused.code, "FOLDER_IN_USE");
        drop(server);
        forget_old(&configuration, data).await.unwrap();
        let (store, keys) = open(&configuration, folder.path()).await.unwrap();
        for object in ["o", "p"] {
            for (id, sealed) in store.secrets(&ObjectId::new(object)).await.unwrap() {
                keys.unseal(&id, &sealed).unwrap();
            }
        }
        let copy = folder.path().join("copy");
        let beside = back_up(&configuration, data, &copy.join("godwit.db")).await;
        assert!(beside.is_err(), "there is no such folder");
        std::fs::create_dir(&copy).unwrap();
        back_up(&configuration, data, &copy.join("godwit.db"))
            .await
            .unwrap();
        assert!(
            back_up(&configuration, data, &copy.join("godwit.db"))
                .await
                .is_err()
        );
        std::fs::copy(keys.path(), copy.join("godwit.key")).unwrap();
        let (copied, _) = open(&configuration, &copy).await.unwrap();
        assert_eq!(copied.secrets(&object).await.unwrap().len(), 450);
        // The old file opens nothing of it any more.
        std::fs::write(keys.path(), before).unwrap();
        drop(keys);
        let refused = open(&configuration, folder.path()).await.unwrap_err();
        assert_eq!(refused.code, "KEY_MISSING");
    }
}
