//! When a phone cuts its connection, and when it comes back.

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    phone::{Away, Cut},
    random::Random,
    settings::{Settings, Stage},
};

/// The cut of the phone `number`, if it has one.
pub(super) fn cut_of(settings: &Settings, number: u64, stage: watch::Receiver<Stage>) -> Option<Cut> {
    if settings.storm {
        return Some(with_all_others(stage));
    }
    by_itself(settings, number, stage)
}

/// Some time in the first four fifths of the run, if this phone is one of those that cut.
fn by_itself(settings: &Settings, number: u64, mut stage: watch::Receiver<Stage>) -> Option<Cut> {
    let mut random = Random::part(!settings.seed, number);
    if random.share() >= settings.resume_share {
        return None;
    }
    let after = settings.lasts.mul_f64(0.8 * random.share());
    let away = settings.away_max.mul_f64(random.share());
    Some(Box::pin(async move {
        let begin = until(&mut stage, |stage| match stage {
            Stage::Running(begin) => Some(*begin),
            _ => None,
        })
        .await;
        sleep_until(Instant::from_std(begin) + after).await;
        Away::until(sleep(away))
    }))
}

/// When the network of all phones fails, until it is there again.
fn with_all_others(mut stage: watch::Receiver<Stage>) -> Cut {
    Box::pin(async move {
        until(&mut stage, |stage| (*stage == Stage::Away).then_some(())).await;
        Away::until(async move {
            let is_back = |stage: &Stage| matches!(stage, Stage::Draining(_) | Stage::Over).then_some(());
            until(&mut stage, is_back).await;
        })
    })
}

/// Waits for a stage, forever if the run ends before.
pub(super) async fn until<T>(stage: &mut watch::Receiver<Stage>, is: impl Fn(&Stage) -> Option<T>) -> T {
    loop {
        if let Some(found) = is(&stage.borrow_and_update()) {
            return found;
        }
        if stage.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
