//! What happens in a project, for who watches.

use model::{ObjectId, Result};
use store::Event;

use crate::access::rights::{Caller, Right};
use crate::installation::Service;

/// Events that are read at once.
const PAGE: u32 = 200;

/// The events of one project, one page after another.
pub struct Events {
    service: Service,
    project: ObjectId,
    /// All up to this one were looked at.
    seen: i64,
}

impl Events {
    /// Those after this number; where there is none, those that happen from now on.
    pub async fn watch(
        service: &Service,
        caller: &Caller,
        project: &ObjectId,
        after: Option<i64>,
    ) -> Result<Self> {
        caller.may(Some(project.as_str()), Right::ViewProject)?;
        let seen = match after {
            Some(number) => number,
            None => service.store().last_event().await?,
        };
        Ok(Self {
            service: service.clone(),
            project: project.clone(),
            seen,
        })
    }

    /// The number that it stands at.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// The next ones; none, where there are none yet.
    pub async fn next(&mut self) -> Result<Vec<Event>> {
        loop {
            let mut events = self.service.store().events(self.seen, PAGE).await?;
            let Some(last) = events.last() else {
                return Ok(events);
            };
            self.seen = last.sequence;
            events.retain(|event| event.project == self.project.as_str());
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }
}
