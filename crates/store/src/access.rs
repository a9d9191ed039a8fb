//! Who is logged in, by which tokens programs come in, and sealed secrets. Hashes and sealed texts alone: what
//! is stolen from here opens nothing.

use model::{ObjectId, Result};
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::failure::failure;
use crate::open::{Store, next};

/// A person's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The digest of its cookie.
    pub id: String,
    /// Whose, by id.
    pub person: String,
    /// The digest of the token that each change must carry beside the cookie.
    pub csrf: String,
    /// From where it was begun.
    pub address: String,
    /// In milliseconds since 1970.
    pub made_at: i64,
    /// The last request.
    pub seen_at: i64,
    /// It ends then, however much it is used.
    pub ends_at: i64,
}

/// What a program comes in by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// Its id.
    pub id: ObjectId,
    /// Its digest.
    #[serde(skip)]
    pub hash: String,
    /// Whose, by id.
    pub person: String,
    /// What its owner calls it.
    pub name: String,
    /// The rights that it has of its owner's; all where it is none.
    pub scopes: Option<Vec<String>>,
    /// In milliseconds since 1970.
    pub made_at: i64,
    /// It opens nothing from then on.
    pub ends_at: Option<i64>,
    /// The last request, to the hour.
    pub used_at: Option<i64>,
}

const SESSION: &str = "id, person, csrf, address, made_at, seen_at, ends_at";
const TOKEN: &str = "id, hash, person, name, scopes, made_at, ends_at, used_at";

impl Store {
    /// Keeps a session.
    pub async fn begin_session(&self, session: &Session) -> Result<()> {
        sqlx::query(
            "INSERT INTO sessions (id, person, csrf, address, made_at, seen_at, ends_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&session.id)
        .bind(&session.person)
        .bind(&session.csrf)
        .bind(&session.address)
        .bind(session.made_at)
        .bind(session.seen_at)
        .bind(session.ends_at)
        .execute(&self.pool)
        .await
        .map_err(|cause| failure("could not begin a session", cause))?;
        Ok(())
    }

    /// The session of this digest, ended or not.
    pub async fn session(&self, id: &str) -> Result<Option<Session>> {
        let select = format!("SELECT {SESSION} FROM sessions WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read a session", cause))?;
        Ok(row.as_ref().map(session))
    }

    /// The sessions of a person, the newest first.
    pub async fn sessions(&self, person: &str) -> Result<Vec<Session>> {
        let select =
            format!("SELECT {SESSION} FROM sessions WHERE person = $1 ORDER BY made_at DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(person)
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read the sessions", cause))?;
        Ok(rows.iter().map(session).collect())
    }

    /// Notes that a session is in use.
    pub async fn see_session(&self, id: &str, at: i64) -> Result<()> {
        sqlx::query("UPDATE sessions SET seen_at = $2 WHERE id = $1")
            .bind(id)
            .bind(at)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not note a session's use", cause))?;
        Ok(())
    }

    /// Ends one session. Whether it was there.
    pub async fn end_session(&self, id: &str) -> Result<bool> {
        let ended = sqlx::query("DELETE FROM sessions WHERE id = $1")
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not end a session", cause))?;
        Ok(ended.rows_affected() > 0)
    }

    /// Ends all sessions of a person but this one.
    pub async fn end_sessions(&self, person: &str, but: &str) -> Result<u64> {
        let ended = sqlx::query("DELETE FROM sessions WHERE person = $1 AND id <> $2")
            .bind(person)
            .bind(but)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not end the sessions", cause))?;
        Ok(ended.rows_affected())
    }

    /// Forgets sessions that ended, or were last used, before these moments.
    pub async fn cut_sessions(&self, ended: i64, seen: i64) -> Result<u64> {
        let cut = sqlx::query("DELETE FROM sessions WHERE ends_at < $1 OR seen_at < $2")
            .bind(ended)
            .bind(seen)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not cut the sessions", cause))?;
        Ok(cut.rows_affected())
    }

    /// Keeps a token, where its owner has fewer than `most` of them. Whether it was kept.
    pub async fn add_token(&self, token: &Token, most: i64) -> Result<bool> {
        let added = async {
            let mut transaction = self.begin().await?;
            // One after another, also where several are asked for at once.
            next(&mut transaction, "audit", 0).await?;
            let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tokens WHERE person = $1")
                .bind(&token.person)
                .fetch_one(&mut *transaction)
                .await?;
            if count >= most {
                return Ok(false);
            }
            sqlx::query(
                "INSERT INTO tokens (id, hash, person, name, scopes, made_at, ends_at, used_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(token.id.as_str())
            .bind(&token.hash)
            .bind(&token.person)
            .bind(&token.name)
            .bind(token.scopes.as_ref().map(|scopes| scopes.join(" ")))
            .bind(token.made_at)
            .bind(token.ends_at)
            .bind(token.used_at)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(true)
        };
        let added: std::result::Result<bool, sqlx::Error> = added.await;
        added.map_err(|cause| failure("could not keep a token", cause))
    }

    /// The token of this digest.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>> {
        let select = format!("SELECT {TOKEN} FROM tokens WHERE hash = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(hash)
            .fetch_optional(&self.pool)
            .await
            .map_err(|cause| failure("could not read a token", cause))?;
        Ok(row.as_ref().map(token))
    }

    /// The tokens of a person, by name.
    pub async fn tokens(&self, person: &str) -> Result<Vec<Token>> {
        let select = format!("SELECT {TOKEN} FROM tokens WHERE person = $1 ORDER BY name, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select))
            .bind(person)
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read the tokens", cause))?;
        Ok(rows.iter().map(token).collect())
    }

    /// Notes that a token is in use.
    pub async fn use_token(&self, id: &ObjectId, at: i64) -> Result<()> {
        sqlx::query("UPDATE tokens SET used_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(at)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not note a token's use", cause))?;
        Ok(())
    }

    /// Removes a person's token. Whether it was there.
    pub async fn remove_token(&self, person: &str, id: &ObjectId) -> Result<bool> {
        let removed = sqlx::query("DELETE FROM tokens WHERE id = $1 AND person = $2")
            .bind(id.as_str())
            .bind(person)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not remove a token", cause))?;
        Ok(removed.rows_affected() > 0)
    }

    /// Keeps sealed secrets of an object, and forgets those of it that are not among `kept`.
    pub async fn keep_secrets(
        &self,
        object: &ObjectId,
        new: &[(String, String)],
        kept: &[String],
    ) -> Result<()> {
        let done = async {
            let mut transaction = self.begin().await?;
            let old: Vec<String> = sqlx::query_scalar("SELECT id FROM secrets WHERE object = $1")
                .bind(object.as_str())
                .fetch_all(&mut *transaction)
                .await?;
            for id in old.iter().filter(|id| !kept.contains(id)) {
                sqlx::query("DELETE FROM secrets WHERE id = $1")
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
            }
            for (id, sealed) in new {
                sqlx::query("INSERT INTO secrets (id, object, sealed) VALUES ($1, $2, $3)")
                    .bind(id)
                    .bind(object.as_str())
                    .bind(sealed)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        };
        done.await
            .map_err(|cause| failure("could not keep sealed secrets", cause))
    }

    /// Sealed secrets of an object, by id.
    pub async fn secrets(&self, object: &ObjectId) -> Result<Vec<(String, String)>> {
        let rows = sqlx::query("SELECT id, sealed FROM secrets WHERE object = $1 ORDER BY id")
            .bind(object.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read sealed secrets", cause))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Sealed secrets after this id, at most `limit`: for whoever seals all anew.
    pub async fn all_secrets(&self, after: &str, limit: u32) -> Result<Vec<(String, String)>> {
        let rows = sqlx::query("SELECT id, sealed FROM secrets WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(|cause| failure("could not read sealed secrets", cause))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Puts a secret sealed anew in place of the old text; nothing where it is another by now.
    pub async fn reseal(&self, id: &str, old: &str, new: &str) -> Result<()> {
        sqlx::query("UPDATE secrets SET sealed = $3 WHERE id = $1 AND sealed = $2")
            .bind(id)
            .bind(old)
            .bind(new)
            .execute(&self.pool)
            .await
            .map_err(|cause| failure("could not seal a secret anew", cause))?;
        Ok(())
    }
}

fn session(row: &AnyRow) -> Session {
    Session {
        id: row.get(0),
        person: row.get(1),
        csrf: row.get(2),
        address: row.get(3),
        made_at: row.get(4),
        seen_at: row.get(5),
        ends_at: row.get(6),
    }
}

fn token(row: &AnyRow) -> Token {
    let scopes: Option<String> = row.get(4);
    let scopes = scopes.map(|text| text.split(' ').map(str::to_owned).collect());
    Token {
        id: ObjectId::new(row.get::<String, _>(0)),
        hash: row.get(1),
        person: row.get(2),
        name: row.get(3),
        scopes,
        made_at: row.get(5),
        ends_at: row.get(6),
        used_at: row.get(7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::on_each_database;

    fn session(id: &str, ends_at: i64) -> Session {
        Session {
            id: id.to_owned(),
            person: "ann".to_owned(),
            csrf: "c".to_owned(),
            address: "::1".to_owned(),
            made_at: 1,
            seen_at: 1,
            ends_at,
        }
    }

    #[tokio::test]
    async fn a_changed_password_ends_all_other_sessions() {
        on_each_database(async |store: Store| {
            for id in ["a", "b", "c"] {
                store.begin_session(&session(id, 9)).await.unwrap();
            }
            store.see_session("b", 5).await.unwrap();
            assert_eq!(store.session("b").await.unwrap().unwrap().seen_at, 5);
            assert_eq!(store.end_sessions("ann", "b").await.unwrap(), 2);
            assert_eq!(store.sessions("ann").await.unwrap().len(), 1);
            assert_eq!(store.cut_sessions(9, 5).await.unwrap(), 0);
            assert_eq!(store.cut_sessions(10, 5).await.unwrap(), 1);
            assert_eq!(store.session("b").await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_token_is_found_by_its_digest_and_removed_by_its_owner() {
        on_each_database(async |store: Store| {
            let token = Token {
                id: ObjectId::generate(),
                hash: "h".to_owned(),
                person: "ann".to_owned(),
                name: "nightly".to_owned(),
                scopes: Some(vec!["operate".to_owned(), "view-project".to_owned()]),
                made_at: 1,
                ends_at: None,
                used_at: None,
            };
            assert!(store.add_token(&token, 9).await.unwrap());
            assert!(!store.add_token(&token, 1).await.unwrap());
            assert_eq!(store.token("h").await.unwrap(), Some(token.clone()));
            assert!(!store.remove_token("bob", &token.id).await.unwrap());
            assert!(store.remove_token("ann", &token.id).await.unwrap());
            assert_eq!(store.token("h").await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn secrets_that_are_not_kept_are_gone() {
        on_each_database(async |store: Store| {
            let object = ObjectId::generate();
            let pair = |id: &str| (id.to_owned(), format!("sealed {id}"));
            let first = [pair("a"), pair("b")];
            store.keep_secrets(&object, &first, &[]).await.unwrap();
            let kept = ["b".to_owned()];
            store
                .keep_secrets(&object, &[pair("c")], &kept)
                .await
                .unwrap();
            assert_eq!(
                store.secrets(&object).await.unwrap(),
                [pair("b"), pair("c")]
            );
            store.reseal("b", "other", "x").await.unwrap();
            store.reseal("c", "sealed c", "anew").await.unwrap();
            let all = store.all_secrets("b", 10).await.unwrap();
            assert_eq!(all, [("c".to_owned(), "anew".to_owned())]);
        })
        .await;
    }
}
