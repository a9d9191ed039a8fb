//! Things with sealed secrets: whatever edition of one stands in the end finds its secrets.

use model::Result;
use store::{By, Noun, Store, Stored};

/// Secrets by their ids, sealed.
pub(crate) type Sealed = Vec<(String, String)>;

/// Makes a thing with its secrets; neither where one of them cannot be kept.
pub(crate) async fn create<T: Noun>(
    store: &Store,
    by: &By,
    named: (&str, &str),
    (body, secrets): (T, &Sealed),
) -> Result<Stored<T>> {
    let made = store.create(by, named, body).await?;
    if let Err(error) = store.keep_secrets(&made.id, secrets, &[]).await {
        store.remove(by, &made).await?;
        return Err(error);
    }
    Ok(made)
}

/// Changes a thing: `new` are the secrets that came, `before` and `after` the ids of those that it names.
pub(crate) async fn replace<T: Noun>(
    store: &Store,
    by: &By,
    edited: Stored<T>,
    (new, before, after): (&Sealed, &[String], &[String]),
) -> Result<Stored<T>> {
    let id = edited.id.clone();
    store.keep_secrets(&id, new, before).await?;
    let stands = store.replace(by, edited).await;
    let named = if stands.is_ok() { after } else { before };
    store.keep_secrets(&id, &Vec::new(), named).await?;
    stands
}
