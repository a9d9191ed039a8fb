//! `tokens`: what programs come in by. A token may what it was made for, as far as its owner may it then.

use model::{Error, ErrorKind, ObjectId, Result};
use serde_json::json;
use store::{Token, Zeroizing};

use crate::access::rights::{Caller, Right};
use crate::access::token;
use crate::installation::Service;
use crate::names;
use crate::sessions::only_a_person;

/// How many days a token opens where nobody says so.
pub const USUAL_DAYS: u32 = 90;
/// How many days a token opens at most.
pub const MOST_DAYS: u32 = 3_650;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// A person has at most so many.
const MOST: i64 = 100;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: String,
    /// The rights that it is limited to.
    pub scopes: Vec<Right>,
    /// After how many days it ends.
    pub days: u32,
}

/// The caller's tokens, by name. Their texts are known to nobody any more.
pub async fn list(service: &Service, caller: &Caller) -> Result<Vec<Token>> {
    only_a_person(caller)?;
    service.store().tokens(&caller.user).await
}

/// Makes a token of the caller's. Its text is given here, and never again.
pub async fn make(
    service: &Service,
    caller: &Caller,
    new: NewToken,
) -> Result<(Zeroizing<String>, Token)> {
    only_a_person(caller)?;
    names::check("token", &new.name, names::SHORT)?;
    let refuse = |code, message: String, hint: &str| {
        Err(Error::new(ErrorKind::Config, code, message).hint(hint))
    };
    if new.scopes.is_empty() {
        let message = "a token without a right opens nothing".to_owned();
        return refuse("BAD_SCOPE", message, "name at least one right as its scope");
    }
    if !(1..=MOST_DAYS).contains(&new.days) {
        let message = format!("a token cannot end after {} days", new.days);
        return refuse("BAD_SCOPE", message, &format!("give 1 to {MOST_DAYS} days"));
    }
    let fresh = token::new_api_token()?;
    let now = service.clock().millis();
    let scopes = Right::all().filter(|right| new.scopes.contains(right));
    let made = Token {
        id: ObjectId::generate(),
        hash: fresh.hash,
        person: caller.user.clone(),
        name: new.name,
        scopes: Some(scopes.map(|right| right.name().to_owned()).collect()),
        made_at: now,
        ends_at: Some(now + i64::from(new.days) * DAY_MILLIS),
        used_at: None,
    };
    if !service.store().add_token(&made, MOST).await? {
        let message = format!("you have {MOST} tokens, and may have no more");
        return refuse("TOO_MANY_TOKENS", message, "remove those that are not used");
    }
    let detail = json!({ "name": made.name, "scopes": made.scopes, "ends-at": made.ends_at });
    let subject = ("", made.id.as_str());
    service
        .store()
        .note(&service.by(caller), "token.made", subject, &detail)
        .await?;
    Ok((fresh.text, made))
}

/// Removes one of the caller's tokens.
pub async fn remove(service: &Service, caller: &Caller, id: &ObjectId) -> Result<()> {
    only_a_person(caller)?;
    take_away(service, caller, id).await
}

/// Ends the token that asks: its program needs it no more.
pub async fn end_own(service: &Service, caller: &Caller, text: &str) -> Result<()> {
    let hash = token::hash(text);
    let own = service.store().tokens(&caller.user).await?;
    match own.iter().find(|token| token.hash == hash) {
        Some(token) => take_away(service, caller, &token.id).await,
        None => Ok(()),
    }
}

async fn take_away(service: &Service, caller: &Caller, id: &ObjectId) -> Result<()> {
    if !service.store().remove_token(&caller.user, id).await? {
        let message = "you have no such token";
        return Err(Error::new(ErrorKind::NotFound, "NOT_THERE", message)
            .hint("it was removed, or never was"));
    }
    let (by, subject) = (service.by(caller), ("", id.as_str()));
    service
        .store()
        .note(&by, "token.removed", subject, &json!({}))
        .await
}
