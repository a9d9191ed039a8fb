//! Batches read on a thread that may block, as a stream.

use arrow::array::RecordBatch;
use contract::Batches;
use futures::StreamExt;
use model::{Error, Result};
use tokio::sync::mpsc;

/// Batches that wait between the reading thread and whoever takes them.
pub(crate) const BATCHES_AHEAD: usize = 2;

/// What a reading thread sends: batches, then the word that there are no more, or an error.
pub(crate) type Sent = Result<Option<RecordBatch>>;

/// The batches up to the word that there are no more; a thread that ends without it is an error.
pub(crate) fn stream_of(receiver: mpsc::Receiver<Sent>) -> Batches {
    let next = async |receiver: Option<mpsc::Receiver<Sent>>| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Ok(Some(batch))) => Some((Ok(batch), Some(receiver))),
            Some(Ok(None)) => None,
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Err(Error::internal("a reading thread broke down")), None)),
        }
    };
    Box::pin(futures::stream::unfold(Some(receiver), next))
}

/// What the reader that `open` opens gives, on a thread of its own that starts with the first poll and
/// ends where nobody takes its batches.
pub(crate) fn read_aside<I>(open: impl FnOnce() -> Result<I> + Send + 'static) -> Batches
where
    I: Iterator<Item = Result<RecordBatch>>,
{
    let start = async move {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        drop(tokio::task::spawn_blocking(move || {
            let last = send_all(open, &sender);
            let _nobody_listens = sender.blocking_send(last);
        }));
        stream_of(receiver)
    };
    Box::pin(futures::stream::once(start).flatten())
}

fn send_all<I>(open: impl FnOnce() -> Result<I>, sender: &mpsc::Sender<Sent>) -> Sent
where
    I: Iterator<Item = Result<RecordBatch>>,
{
    for batch in open()? {
        if sender.blocking_send(Ok(Some(batch?))).is_err() {
            break;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::TryStreamExt;

    use super::*;

    fn batch() -> RecordBatch {
        RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()))
    }

    async fn outcome(batches: Batches) -> Result<usize, &'static str> {
        let read = batches.try_collect::<Vec<_>>().await;
        read.map(|batches| batches.len())
            .map_err(|error| error.code)
    }

    async fn check(sent: Vec<Sent>, expected: Result<usize, &str>) {
        let (sender, receiver) = mpsc::channel(8);
        for sent in sent {
            sender.send(sent).await.unwrap();
        }
        drop(sender);
        assert_eq!(outcome(stream_of(receiver)).await, expected);
    }

    #[tokio::test]
    async fn only_the_last_word_ends_a_stream() {
        check(vec![Ok(Some(batch())), Ok(None)], Ok(1)).await;
        check(vec![Ok(Some(batch()))], Err("INTERNAL")).await;
        check(vec![Err(Error::cancelled())], Err("CANCELLED")).await;
    }

    #[tokio::test]
    async fn a_reader_aside_gives_all_it_has_or_its_error() {
        let three = read_aside(|| Ok(std::iter::repeat_n((), 3).map(|()| Ok(batch()))));
        assert_eq!(outcome(three).await, Ok(3));
        let broken = read_aside(|| Ok([Ok(batch()), Err(Error::cancelled())].into_iter()));
        assert_eq!(outcome(broken).await, Err("CANCELLED"));
        let closed = read_aside(|| Err::<std::iter::Empty<_>, _>(Error::cancelled()));
        assert_eq!(outcome(closed).await, Err("CANCELLED"));
        let panics = read_aside(|| Ok(std::iter::from_fn(|| panic!("a reader's own defect"))));
        assert_eq!(outcome(panics).await, Err("INTERNAL"));
    }
}
