//! What a YAML text may ask of memory and stack, counted before anything is built of it.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Tag};

/// How many lists and maps stand in each other.
const DEEPEST: usize = 64;
/// How many keys and values a text has.
const MOST_NODES: usize = 500_000;
/// How much is built once more for anchors and aliases, in bytes.
const MOST_REPEATED: usize = 8 * 1024 * 1024;
/// What a node takes beside its text, about.
const NODE: usize = 64;

/// Why a text is refused, and the way out.
type Refusal = (String, &'static str);

/// Counts what a text asks for, event by event.
#[derive(Default)]
pub(super) struct Guard {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Extent>,
    documents: usize,
    nodes: usize,
    repeated: usize,
}

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    is_map: bool,
    entries: usize,
    extent: Extent,
}

/// How much a node is with all that is in it.
#[derive(Clone, Copy, Default)]
struct Extent {
    /// Lists and maps in each other; none for a scalar.
    height: usize,
    weight: usize,
}

impl Guard {
    /// Takes the next event, or tells why the text ends here.
    pub(super) fn admit(&mut self, event: &Event<'_>) -> Result<(), Refusal> {
        match event {
            Event::DocumentStart(_) => self.documents += 1,
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                known(tag.as_deref())?;
                self.begin(1)?;
                self.open.push(Open {
                    anchor: *anchor,
                    is_map: matches!(event, Event::MappingStart(..)),
                    entries: 0,
                    extent: Extent::default(),
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(done) = self.open.pop() {
                    let height = done.extent.height + 1;
                    let weight = done.extent.weight + NODE;
                    self.end(done.anchor, Extent { height, weight })?;
                }
            }
            Event::Scalar(text, _, anchor, tag) => {
                known(tag.as_deref())?;
                let weight = NODE + text.len();
                self.begin(0)?;
                self.end(*anchor, Extent { height: 0, weight })?;
            }
            Event::Alias(anchor) => {
                let extent = self.anchors.get(anchor).copied().unwrap_or_default();
                self.begin(extent.height)?;
                self.repeat(extent)?;
                self.end(0, extent)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A node of this height comes.
    fn begin(&mut self, height: usize) -> Result<(), Refusal> {
        if self.documents > 1 {
            let message = "the file holds several documents";
            return Err((message.to_owned(), "keep one, without ---"));
        }
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let message = format!("the file has more than {MOST_NODES} values");
            return Err((message, "cut it into several migrations"));
        }
        if self.open.len() + height > DEEPEST {
            let message = format!("the file is nested more than {DEEPEST} deep");
            return Err((message, "write it flatter"));
        }
        let parent = self.open.last();
        let is_key = parent.is_some_and(|parent| parent.is_map && parent.entries % 2 == 0);
        if is_key && height > 0 {
            return Err((
                "a key must be a text".to_owned(),
                "write a text before the colon",
            ));
        }
        Ok(())
    }

    /// A node has come to its end.
    fn end(&mut self, anchor: usize, extent: Extent) -> Result<(), Refusal> {
        if anchor > 0 {
            self.repeat(extent)?;
            self.anchors.insert(anchor, extent);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.entries += 1;
            parent.extent.height = parent.extent.height.max(extent.height);
            parent.extent.weight += extent.weight;
        }
        Ok(())
    }

    /// So much is built once more.
    fn repeat(&mut self, extent: Extent) -> Result<(), Refusal> {
        self.repeated += extent.weight;
        if self.repeated > MOST_REPEATED {
            let message = "anchors and aliases repeat more than 8 MiB of the file";
            return Err((
                message.to_owned(),
                "write what they stand for where it is meant",
            ));
        }
        Ok(())
    }
}

/// Refuses tags of one's own. Each node would have its whole prefix, which may be long.
fn known(tag: Option<&Tag>) -> Result<(), Refusal> {
    match tag.is_none_or(Tag::is_yaml_core_schema) {
        true => Ok(()),
        false => Err((
            "tags (!…) are not understood".to_owned(),
            "write the value alone",
        )),
    }
}
