//! Reading ahead: pages of a picture go through a short queue to a thread that does something with them, so that reading
//! and hashing or compressing happen at the same time.

use tokio::{sync::mpsc, task};

use super::{Cursor, Dump, DumpError, Page, PageLimit, Section, limits::PAGES_AHEAD};

/// Gives the pages of sections, each from behind its cursor, to `work` on a thread of its own, in order.
pub(super) async fn for_each<W, T>(
    dump: &dyn Dump,
    sections: Vec<(Section, Option<Cursor>)>,
    limit: PageLimit,
    mut state: T,
    mut work: W,
) -> Result<T, DumpError>
where
    T: Send + 'static,
    W: FnMut(&mut T, Section, &Page) -> Result<(), DumpError> + Send + 'static,
{
    let (send, mut receive) = mpsc::channel::<(Section, Page)>(PAGES_AHEAD);
    let worker = task::spawn_blocking(move || {
        while let Some((section, page)) = receive.blocking_recv() {
            work(&mut state, section, &page)?;
        }
        Ok::<T, DumpError>(state)
    });
    let read = read_all(dump, sections, limit, send).await;
    // The worker's failure is the reason when reading ended because of it.
    let state = worker.await??;
    read?;
    Ok(state)
}

async fn read_all(
    dump: &dyn Dump,
    sections: Vec<(Section, Option<Cursor>)>,
    limit: PageLimit,
    send: mpsc::Sender<(Section, Page)>,
) -> Result<(), DumpError> {
    for (section, mut after) in sections {
        loop {
            let page = dump.page(section, after.as_ref(), limit).await?;
            after = page.next.clone();
            if send.send((section, page)).await.is_err() {
                return Ok(());
            }
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}
