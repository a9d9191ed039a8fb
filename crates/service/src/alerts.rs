//! `alerts`: who is told when what runs in production has finished, failed, timed out, or is late. By a
//! webhook, by e-mail, or both. An alert is told at least once: a server that dies on the way may have told it
//! already.

mod mail;
mod message;
#[cfg(test)]
mod tests;
mod webhook;

use jiff::civil::Time;
use model::{Error, ErrorKind, Finding, ObjectId, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Noun, Stored, Zeroizing};

pub use self::mail::Mail;
pub(crate) use self::message::{Item, Message};
use crate::access::rights::{Caller, Right};
use crate::access::secrets::{sealed_ids, show as without_secrets, take_secrets};
use crate::installation::{Service, moment, page};
use crate::names;
use crate::sealed::{self, Sealed};
use crate::work::refusal;

const WEBHOOK: &str = "webhook";
/// More people than this have a list of their own at their mail server.
const MOST_PEOPLE: usize = 20;
const USUAL_MINUTES: u8 = 5;
const LONGEST_MINUTES: u8 = 59;

/// What an alert tells of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// An instance succeeded.
    Finished,
    /// An instance failed, and is not tried again by itself.
    Failed,
    /// An instance ran for longer than it may, and is not tried again by itself.
    TimedOut,
    /// An instance of the day has not succeeded by a time of the day.
    Late,
}

impl Cause {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Late => "not finished in time",
        }
    }
}

/// An alert of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alert {
    /// What it tells of.
    #[schemars(length(min = 1))]
    pub on: Vec<Cause>,
    /// Of these tasks, by id; of all in production where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<ObjectId>,
    /// With `late`: the time of the day in the project's zone, `HH:MM`, by which instances of that day have to
    /// have succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_finished_by: Option<String>,
    /// Where JSON is posted: an address that is kept as a secret, for it often holds one. Shown as
    /// `{"has-secret": true}`.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub webhook: Option<Json>,
    /// Who gets a mail; at most 20 addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub e_mail: Vec<String>,
    /// So many minutes pass at least between two messages; what happens meanwhile is told together.
    #[serde(default = "usual_minutes")]
    #[schemars(range(min = 1, max = 59))]
    pub every_minutes: u8,
    /// It tells nobody for now.
    #[serde(default)]
    pub disabled: bool,
}

/// Null is something that was given: it takes away what there was.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<Json>, D::Error> {
    Json::deserialize(from).map(Some)
}

fn usual_minutes() -> u8 {
    USUAL_MINUTES
}

impl Noun for Alert {
    const KIND: &'static str = "alert";
}

impl Alert {
    /// Whether it tells of this.
    pub(crate) fn tells(&self, cause: Cause, task: &ObjectId) -> bool {
        let is_its = self.tasks.is_empty() || self.tasks.contains(task);
        !self.disabled && self.on.contains(&cause) && is_its
    }

    /// By which time of the day instances have to have succeeded.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let (hours, minutes) = self.not_finished_by.as_ref()?.split_once(':')?;
        let is_written = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if !is_written(hours) || !is_written(minutes) {
            return None;
        }
        Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()
    }

    fn options(&self) -> Json {
        match &self.webhook {
            Some(webhook) => json!({ WEBHOOK: webhook }),
            None => json!({}),
        }
    }
}

/// What came of a message.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Told {
    /// Whether it arrived everywhere.
    pub delivered: bool,
    /// What went wrong.
    #[schemars(with = "Vec<crate::work::FindingForm>")]
    pub findings: Vec<Finding>,
}

/// Alerts of a project, by name.
pub async fn list(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    (after, containing, limit): (Option<String>, Option<String>, Option<u32>),
) -> Result<Vec<Stored<Alert>>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    let page = page(after, containing, limit);
    let found = service.store().list(project.as_str(), &page).await?;
    Ok(found.into_iter().map(hidden).collect())
}

/// One alert.
pub async fn show(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
) -> Result<Stored<Alert>> {
    caller.may(Some(project.as_str()), Right::ViewProject)?;
    Ok(hidden(service.of_project(project.as_str(), id).await?))
}

/// Makes an alert.
pub async fn create(
    service: &Service,
    caller: &Caller,
    (project, name): (&ObjectId, &str),
    body: Alert,
) -> Result<Stored<Alert>> {
    caller.may(Some(project.as_str()), Right::ManageProject)?;
    names::check("alert", name, names::SHORT)?;
    let (body, texts) = checked(service, body, None).await?;
    let (store, by) = (service.store(), service.by(caller));
    let named = (project.as_str(), name);
    let made = sealed::create(store, &by, named, (body, &texts)).await?;
    Ok(hidden(made))
}

/// Changes an alert. An address that is left out stays; `null` removes it.
pub async fn edit(
    service: &Service,
    caller: &Caller,
    project: &ObjectId,
    new: Stored<Alert>,
) -> Result<Stored<Alert>> {
    caller.may(Some(project.as_str()), Right::ManageProject)?;
    names::check("alert", &new.name, names::SHORT)?;
    let old: Stored<Alert> = service.of_project(project.as_str(), &new.id).await?;
    let (body, texts) = checked(service, new.body, Some(&old.body)).await?;
    let (store, by) = (service.store(), service.by(caller));
    let (before, after) = (ids(&old.body), ids(&body));
    let edited = Stored {
        body,
        project: old.project,
        ..new
    };
    let secrets = (&texts, before.as_slice(), after.as_slice());
    Ok(hidden(sealed::replace(store, &by, edited, secrets).await?))
}

/// Removes an alert.
pub async fn remove(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
    edition: i64,
) -> Result<()> {
    caller.may(Some(project.as_str()), Right::ManageProject)?;
    let old: Stored<Alert> = service.of_project(project.as_str(), id).await?;
    let old = Stored { edition, ..old };
    service.store().remove(&service.by(caller), &old).await
}

/// Tells everybody that this is a trial, so that who makes an alert knows that it arrives.
pub async fn try_out(
    service: &Service,
    caller: &Caller,
    (project, id): (&ObjectId, &ObjectId),
) -> Result<Told> {
    caller.may(Some(project.as_str()), Right::ManageProject)?;
    let alert: Stored<Alert> = service.of_project(project.as_str(), id).await?;
    let message = Message::trial(service, &alert).await?;
    let findings = tell(service, &alert, &message).await?;
    Ok(Told {
        delivered: findings.is_empty(),
        findings,
    })
}

/// Sends a message on all ways of an alert. What is given back says which of them failed.
pub(crate) async fn tell(
    service: &Service,
    alert: &Stored<Alert>,
    message: &Message,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if alert.body.webhook.is_some() {
        let unsealed = service.unseal(&[&alert.id]).await?;
        let ids = ids(&alert.body);
        for id in ids {
            let secret = model::Secret::sealed(&*id);
            let address = Zeroizing::new(secret.reveal(&service.base(), &unsealed)?);
            if let Err(error) = webhook::post(service, &address, &message.json()).await {
                findings.push(Finding::of_error(&error, WEBHOOK));
            }
        }
    }
    if !alert.body.e_mail.is_empty() {
        let sent = match &service.settings().mail {
            Some(mail) => mail.send(&alert.body.e_mail, message).await,
            None => Err(no_mail_server()),
        };
        if let Err(error) = sent {
            findings.push(Finding::of_error(&error, "e-mail"));
        }
    }
    Ok(findings)
}

fn no_mail_server() -> Error {
    let message = "this service knows no mail server";
    Error::new(ErrorKind::Config, "NO_MAIL_SERVER", message)
        .hint("an administrator names one under mail in the configuration")
}

fn form() -> Json {
    json!({ "properties": { WEBHOOK: { "format": "password", "writeOnly": true } } })
}

fn ids(alert: &Alert) -> Vec<String> {
    sealed_ids(&form(), &alert.options())
}

/// The alert as a person may see it.
fn hidden(mut stored: Stored<Alert>) -> Stored<Alert> {
    let mut shown = without_secrets(&form(), &stored.body.options());
    stored.body.webhook = Some(shown[WEBHOOK].take()).filter(|shown| !shown.is_null());
    stored
}

/// The alert as it is kept, and its sealed secrets; or what is wrong with it.
async fn checked(
    service: &Service,
    mut body: Alert,
    old: Option<&Alert>,
) -> Result<(Alert, Sealed)> {
    let mut findings = own_findings(&body);
    let old = old.map(Alert::options);
    let taken = match take_secrets(&form(), body.options(), old.as_ref()) {
        Ok(taken) => taken,
        Err(more) => {
            findings.extend(more);
            return Err(refusal(&findings).unwrap_or_else(|| Error::internal("nothing is wrong")));
        }
    };
    body.webhook = taken
        .options
        .get(WEBHOOK)
        .filter(|kept| !kept.is_null())
        .cloned();
    for (_, text) in &taken.texts {
        if let Err(error) = webhook::check(service, text).await
            && error.code != "UNREACHABLE"
        {
            findings.push(Finding::of_error(&error, WEBHOOK));
        }
    }
    if body.webhook.is_none() && body.e_mail.is_empty() {
        let message = "nobody is told";
        let finding = Finding::blocker("NOBODY_TOLD", WEBHOOK, message);
        findings.push(finding.hint("give webhook, e-mail, or both"));
    }
    if !body.e_mail.is_empty() && service.settings().mail.is_none() {
        findings.push(Finding::of_error(&no_mail_server(), "e-mail"));
    }
    if let Some(error) = refusal(&findings) {
        return Err(error);
    }
    let sealed = taken.texts.iter().map(|(id, text)| {
        let sealed = service.keys().seal(id, text)?;
        Ok((id.clone(), sealed))
    });
    let sealed = sealed.collect::<Result<_>>()?;
    Ok((body, sealed))
}

/// What is wrong with it by itself.
fn own_findings(alert: &Alert) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |code: &str, at: &str, message: String, hint: &str| {
        findings.push(Finding::blocker(code, at, message).hint(hint));
    };
    if alert.on.is_empty() {
        let hint = "name finished, failed, timed-out or late";
        refuse("MISSING_KEY", "on", "it tells of nothing".to_owned(), hint);
    }
    let is_late = alert.on.contains(&Cause::Late);
    match (&alert.not_finished_by, is_late) {
        (None, true) => {
            let message = "late by which time?".to_owned();
            refuse(
                "MISSING_KEY",
                "not-finished-by",
                message,
                "give it as HH:MM",
            );
        }
        (Some(_), false) => {
            let message = "it belongs to late, which is not among on".to_owned();
            refuse(
                "NOT_OF_MODE",
                "not-finished-by",
                message,
                "leave it out, or add late",
            );
        }
        (Some(text), true) if alert.deadline().is_none() => {
            let message = format!("{text:?} is no time of the day");
            refuse(
                "BAD_VALUE",
                "not-finished-by",
                message,
                "give it as HH:MM, from 00:00 to 23:59",
            );
        }
        _ => {}
    }
    if !(1..=LONGEST_MINUTES).contains(&alert.every_minutes) {
        let message = format!(
            "{} minutes is not between 1 and {LONGEST_MINUTES}",
            alert.every_minutes
        );
        refuse(
            "OUT_OF_RANGE",
            "every-minutes",
            message,
            "give a number within",
        );
    }
    if alert.e_mail.len() > MOST_PEOPLE {
        let message = format!(
            "{} addresses are more than {MOST_PEOPLE}",
            alert.e_mail.len()
        );
        refuse(
            "OUT_OF_RANGE",
            "e-mail",
            message,
            "give the address of a list",
        );
    }
    for (place, address) in alert.e_mail.iter().enumerate() {
        if !mail::is_address(address) {
            let message = format!("{address:?} is no mail address");
            refuse(
                "BAD_VALUE",
                &format!("e-mail[{place}]"),
                message,
                "write it as name@host",
            );
        }
    }
    findings
}

/// When something happened, as people write it.
fn written(at: i64) -> String {
    moment(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
