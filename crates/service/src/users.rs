//! `users`: who there is, their passwords and roles in the installation.
//!
//! A password is no part of the document: its Argon2id hash stands among the sealed secrets, so that neither the
//! audit log nor any answer can ever hold it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Error, ErrorKind, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{By, Noun, Page, Store, Stored, Zeroizing};
use tokio::sync::{Mutex, Semaphore};

use crate::access::password;
use crate::access::rights::{Caller, Right, Role};
use crate::access::token;
use crate::installation::{LONGEST_PAGE, Service, page};
use crate::names;
use crate::sessions::only_a_person;

/// The longest name for people, and the longest address.
const LONGEST_TEXT: usize = 254;
/// So many projects are named in a refusal.
const NAMED: u32 = 5;

/// Each hash takes a core and 19 MiB for a while.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Whoever may take away an administrator holds it, so that two do not take away the last two at once.
static ADMINISTRATORS: Mutex<()> = Mutex::const_new(());

/// What is said of a user. The name of the document is the one to log in with, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct User {
    /// For people.
    #[serde(default)]
    pub display_name: String,
    /// Where to write to.
    #[serde(default)]
    pub email: String,
    /// The role in the whole installation: administrator, auditor, or none. Those of projects stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether nothing lets them in any more.
    #[serde(default)]
    pub disabled: bool,
}

impl Noun for User {
    const KIND: &'static str = "user";
}

impl User {
    fn administers(&self) -> bool {
        self.role == Some(Role::Administrator) && !self.disabled
    }
}

/// A user as those see them who give roles in projects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    /// The user's id.
    pub id: ObjectId,
    /// The name to log in with.
    pub name: String,
    /// For people.
    pub display_name: String,
}

/// The users, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<User>>> {
    caller.may(None, Right::ManageUsers)?;
    let page = page(after, containing, limit);
    service.store().list("", &page).await
}

/// Everybody's names, by name: for who has any role, since those they work with did what lists and logs tell.
pub async fn people(
    service: &Service,
    caller: &Caller,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Person>> {
    let mut projects = caller.project_roles.keys();
    if !projects.any(|project| caller.may(Some(project), Right::ViewProject).is_ok()) {
        caller.may(None, Right::ViewProject)?;
    }
    let page = page(after, containing, limit);
    let listed = service.store().list::<User>("", &page).await?;
    let person = |user: Stored<User>| Person {
        id: user.id,
        name: user.name,
        display_name: user.body.display_name,
    };
    Ok(listed.into_iter().map(person).collect())
}

/// One user: anybody for those who manage users, oneself for everybody.
pub async fn show(service: &Service, caller: &Caller, id: &ObjectId) -> Result<Stored<User>> {
    if caller.user != id.as_str() {
        caller.may(None, Right::ManageUsers)?;
    }
    existing(service, id).await
}

/// Makes a user, who can log in from now on.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (name, user): (&str, User),
    password: Zeroizing<String>,
) -> Result<Stored<User>> {
    caller.may(None, Right::ManageUsers)?;
    if user.role.is_some() {
        only_a_person(caller)?;
    }
    let name = login_name(name);
    check(&name, &user)?;
    let hash = hashed(&name, password).await?;
    let by = service.by(caller);
    let made = service.store().create(&by, ("", &name), user).await?;
    if let Err(error) = keep_hash(service, &made.id, &hash).await {
        // Best effort: who is left over has no password, and an administrator can give one.
        let _ = service.store().remove(&by, &made).await;
        return Err(error);
    }
    Ok(made)
}

/// Changes a user. Everybody may change what is for people of themselves; the rest takes the right.
/// `LAST_ADMINISTRATOR` where none would be left who can log in.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    mut new: Stored<User>,
) -> Result<Stored<User>> {
    let is_self = caller.user == new.id.as_str() && caller.scopes.is_none();
    if !is_self {
        caller.may(None, Right::ManageUsers)?;
    }
    let old = existing(service, &new.id).await?;
    new.name = login_name(&new.name);
    let (before, after) = (&old.body, &new.body);
    let same_role = before.role == after.role;
    if old.name != new.name || !same_role || before.disabled != after.disabled {
        caller.may(None, Right::ManageUsers)?;
    }
    if !same_role {
        only_a_person(caller)?;
    }
    check(&new.name, &new.body)?;
    let _held = ADMINISTRATORS.lock().await;
    if before.administers() && !after.administers() {
        another_administers(service.store(), &new.id).await?;
    }
    let edited = service.store().replace(&service.by(caller), new).await?;
    if edited.body.disabled {
        service.store().end_sessions(edited.id.as_str(), "").await?;
    }
    Ok(edited)
}

/// Removes a user who has no role in any project, with their sessions and tokens.
pub async fn remove(service: &Service, caller: &Caller, id: &ObjectId, edition: i64) -> Result<()> {
    caller.may(None, Right::ManageUsers)?;
    let old = existing(service, id).await?;
    if old.body.role.is_some() {
        only_a_person(caller)?;
    }
    let store = service.store();
    let projects = store.references(id, NAMED).await?;
    if !projects.is_empty() {
        let named: Vec<String> = projects
            .iter()
            .map(|one| format!("{:?}", one.name))
            .collect();
        let message = format!("the user {:?} has a role in {}", old.name, named.join(", "));
        return Err(Error::new(ErrorKind::Conflict, "IN_USE", message)
            .hint("take the role away first, or disable the user"));
    }
    let _held = ADMINISTRATORS.lock().await;
    if old.body.administers() {
        another_administers(store, id).await?;
    }
    let old = Stored { edition, ..old };
    store.remove(&service.by(caller), &old).await?;
    store.end_sessions(id.as_str(), "").await?;
    for token in store.tokens(id.as_str()).await? {
        store.remove_token(id.as_str(), &token.id).await?;
    }
    Ok(())
}

/// What a password is changed by.
pub struct PasswordChange {
    /// The one that there is: needed for one's own.
    pub old: Option<Zeroizing<String>>,
    /// The one to be.
    pub new: Zeroizing<String>,
}

/// Gives a user another password, and ends all their sessions but `session`, which asks (its cookie). One's
/// own takes the old one; another's takes the right.
pub async fn set_password(
    service: &Service,
    caller: &Caller,
    id: &ObjectId,
    (change, session): (PasswordChange, Option<&str>),
) -> Result<()> {
    only_a_person(caller)?;
    let is_own = caller.user == id.as_str();
    if !is_own {
        caller.may(None, Right::ManageUsers)?;
    }
    let user = existing(service, id).await?;
    if is_own {
        let attempts = service.attempts();
        attempts.begin(&user.name, caller.address, std::time::Instant::now())?;
        let old = change.old.unwrap_or_default();
        if !fits(service, Some(id), old).await? {
            let message = "the old password is another one";
            return Err(Error::new(ErrorKind::Auth, "WRONG_PASSWORD", message)
                .hint("an administrator can set a new one"));
        }
        attempts.succeeded(&user.name, caller.address);
    }
    let hash = hashed(&user.name, change.new).await?;
    keep_hash(service, id, &hash).await?;
    let kept = session
        .filter(|_| is_own)
        .map(token::hash)
        .unwrap_or_default();
    service.store().end_sessions(id.as_str(), &kept).await?;
    let (by, subject) = (service.by(caller), ("", id.as_str()));
    let detail = json!({ "name": user.name });
    service
        .store()
        .note(&by, "user.password-set", subject, &detail)
        .await
}

/// What these users are called, by their ids; those that are no more are left out.
pub async fn names_of(
    service: &Service,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for id in ids {
        if let Some(user) = service
            .store()
            .get::<User>(&ObjectId::new(id.as_str()))
            .await?
        {
            names.insert(id.clone(), user.name);
        }
    }
    Ok(names)
}

/// Whether there is an administrator who can log in. Without one, the first may be set up.
pub(crate) async fn is_set_up(store: &Store) -> Result<bool> {
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed = store.list::<User>("", &page).await?;
        let Some(last) = listed.last() else {
            return Ok(false);
        };
        page.after.clone_from(&last.name);
        for user in listed.iter().filter(|user| user.body.administers()) {
            if !store.secrets(&user.id).await?.is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Makes the first administrator, or gives a password to who was left without one half-way.
pub(crate) async fn make_first(
    service: &Service,
    by: &By,
    name: &str,
    password: Zeroizing<String>,
) -> Result<Stored<User>> {
    let name = login_name(name);
    let user = User {
        role: Some(Role::Administrator),
        ..User::default()
    };
    check(&name, &user)?;
    let hash = hashed(&name, password).await?;
    let store = service.store();
    let made = match store.find::<User>("", &name).await? {
        Some(old) => store.replace(by, Stored { body: user, ..old }).await?,
        None => store.create(by, ("", &name), user).await?,
    };
    keep_hash(service, &made.id, &hash).await?;
    Ok(made)
}

/// Whether the password is that user's; takes as long where there is no such user.
pub(crate) async fn fits(
    service: &Service,
    user: Option<&ObjectId>,
    password: Zeroizing<String>,
) -> Result<bool> {
    let nobody = ObjectId::new("");
    let secret = secret_id(user.unwrap_or(&nobody));
    let secrets = service.store().secrets(user.unwrap_or(&nobody)).await?;
    let sealed = secrets.iter().find(|(id, _)| *id == secret);
    let hash = sealed.and_then(|(id, sealed)| match service.keys().unseal(id, sealed) {
        Ok(hash) => Some(hash),
        // For who looks after the service; nobody who logs in is told.
        Err(error) => {
            tracing::error!(code = error.code, %error, "a password cannot be read");
            None
        }
    });
    slowly(move || password::verify(&password, hash.as_ref().map(|hash| hash.as_str()))).await
}

/// The name to log in with, as it is kept.
pub(crate) fn login_name(name: &str) -> String {
    name.trim().to_lowercase()
}

async fn existing(service: &Service, id: &ObjectId) -> Result<Stored<User>> {
    let found = service.store().get::<User>(id).await?;
    found.ok_or_else(|| {
        let message = format!("there is no user {:?}", id.as_str());
        Error::new(ErrorKind::NotFound, "NOT_THERE", message).hint("it was removed, or never was")
    })
}

fn check(name: &str, user: &User) -> Result<()> {
    names::check("user", name, names::SHORT)?;
    if let Some(role) = user.role.filter(|role| !role.is_of_installation()) {
        let message = format!("the role {} is a project's", role.name());
        return Err(Error::new(ErrorKind::Config, "BAD_ROLE", message)
            .hint("give administrator or auditor, or none; give the others in a project")
            .at_option("role"));
    }
    let texts = [("display-name", &user.display_name), ("email", &user.email)];
    for (key, text) in texts {
        if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
            let message = format!("the {key} is too long, or has control characters");
            return Err(Error::new(ErrorKind::Config, "BAD_NAME", message)
                .hint(format!("write at most {LONGEST_TEXT} characters"))
                .at_option(key));
        }
    }
    Ok(())
}

/// Refuses to go on where nobody else could administer.
async fn another_administers(store: &Store, but: &ObjectId) -> Result<()> {
    let mut page = Page {
        limit: LONGEST_PAGE,
        ..Page::default()
    };
    loop {
        let listed = store.list::<User>("", &page).await?;
        let Some(last) = listed.last() else {
            let message = "this is the last administrator who can log in";
            return Err(
                Error::new(ErrorKind::Conflict, "LAST_ADMINISTRATOR", message)
                    .hint("make somebody else an administrator first"),
            );
        };
        if listed
            .iter()
            .any(|user| user.id != *but && user.body.administers())
        {
            return Ok(());
        }
        page.after.clone_from(&last.name);
    }
}

async fn hashed(name: &str, password: Zeroizing<String>) -> Result<Zeroizing<String>> {
    let name = name.to_owned();
    slowly(move || password::hash(&name, &password).map(Zeroizing::new)).await
}

async fn keep_hash(service: &Service, user: &ObjectId, hash: &str) -> Result<()> {
    let id = secret_id(user);
    let sealed = service.keys().seal(&id, hash)?;
    service
        .store()
        .keep_secrets(user, &[(id, sealed)], &[])
        .await
}

/// Under which id a user's hash is sealed.
fn secret_id(user: &ObjectId) -> String {
    format!("password-{user}")
}

/// Does what takes a core for a while, few at a time.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _permit = HASHING
        .acquire()
        .await
        .map_err(|_| Error::internal("hashing was closed"))?;
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::internal("hashing panicked").caused_by(cause))?
}
