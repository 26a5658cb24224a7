//! What is due of one kind, walked a page at a time through every shard of the index: what a job costs grows with it and with nothing else.

use sportello_contract::spec::Table;
use sportello_runtime::{Cx, Failure};
use sportello_store::read::{Due, DuePage};
use sportello_store::schema::DUE_SHARDS;

/// Due items read at a time.
const PAGE: i32 = 100;

/// A walk over what is due of one kind.
pub(crate) struct Sweep<'a> {
    cx: &'a Cx,
    table: Table,
    kind: &'static str,
    found: std::vec::IntoIter<Due>,
    /// Shard and place of the page to be read next.
    following: Option<(u32, Option<DuePage>)>,
}

impl<'a> Sweep<'a> {
    /// A walk over a table's index.
    pub fn of(cx: &'a Cx, table: Table, kind: &'static str) -> Self {
        Self { cx, table, kind, found: Vec::new().into_iter(), following: Some((0, None)) }
    }

    /// The next item that is due, in its shard the earliest first.
    pub async fn next(&mut self) -> Result<Option<Due>, Failure> {
        loop {
            if let Some(due) = self.found.next() {
                return Ok(Some(due));
            }
            let Some((shard, page)) = self.following.take() else { return Ok(None) };
            let (found, page) = self.cx.store.due(self.table, self.kind, shard, Some(self.cx.now), PAGE, page).await?;
            self.found = found.into_iter();
            self.following = match page {
                Some(page) => Some((shard, Some(page))),
                None => Some((shard + 1, None)).filter(|(shard, _)| *shard < DUE_SHARDS),
            };
        }
    }
}
