//! From looks and sums to the figures of the report.

use super::Sum;
use crate::{
    measure::Times,
    phone::SlowReading,
    report::{self, ServerFigures, SimulatorFigures, SlowPhones, Storm},
    scenario::{
        Plan,
        conduct::{self, Conduct, Look, Returned},
    },
};

pub(super) fn server(conduct: &Conduct, joined: u64, deliveries: u64) -> Option<ServerFigures> {
    let (looks, seen) = (&conduct.looks, &conduct.seen);
    // Where chats came into being after the opening, the looks at that are not the last ones.
    let opened = looks
        .len()
        .checked_sub(if conduct.gathered.is_some() { 3 } else { 2 })?;
    let [talking, after] = last_two(looks)?;
    let (before, idle) = (looks.get(opened.checked_sub(1)?)?.server?, looks[opened].server?);
    let seconds = (after.at - talking.at).as_secs_f64();
    let (talking, after) = (talking.server?, after.server?);
    let (rest_seconds, idle_cpu_s) = seen.rest.as_ref().and_then(rest).unwrap_or_default();
    let grown_bytes = idle.rss_bytes as f64 - before.rss_bytes as f64;
    let cpu_s = after.cpu_s() - talking.cpu_s();
    // What idle phones cost is not the opening's.
    let opened_cpu_s = seen.rest.and_then(|[begin, _]| begin.server).unwrap_or(idle).cpu_s();
    Some(ServerFigures {
        before,
        idle,
        after,
        rss_per_session_bytes: per(grown_bytes, joined as f64),
        cpu_per_opening_us: per((opened_cpu_s - before.cpu_s()) * 1e6, joined as f64),
        cpu_share: per(cpu_s, seconds),
        deliveries_per_cpu_second: per(deliveries as f64, cpu_s),
        rest_seconds,
        idle_cpu_us_per_session_second: per(per(idle_cpu_s * 1e6, joined as f64), rest_seconds),
        rss_max_bytes: seen.rss_max_bytes,
        left: seen.left,
        kernel_socket_bytes_max: seen.kernel_socket_bytes_max,
    })
}

/// How long the rest was, and the server's processor time in it.
fn rest([before, after]: &[Look; 2]) -> Option<(f64, f64)> {
    let seconds = (after.at - before.at).as_secs_f64();
    Some((seconds, after.server?.cpu_s() - before.server?.cpu_s()))
}

pub(super) fn chats(conduct: &Conduct, sum: &Sum) -> report::Chats {
    let grown_bytes = conduct.gathered.and_then(|looks| {
        let (idle, gathered) = (looks.idle.server?, looks.gathered.server?);
        Some(gathered.rss_bytes as f64 - idle.rss_bytes as f64)
    });
    report::Chats {
        chats: sum.chats.count,
        subscriptions: sum.chats.subscriptions,
        rss_per_chat_bytes: per(grown_bytes.unwrap_or(0.0), sum.chats.count as f64),
        messages: sum.chats.due,
        acknowledged: sum.chats.acknowledged,
        deliveries: sum.chats.deliveries,
        delivery: sum.chats.latency.percentiles(),
    }
}

pub(super) fn slow(reading: SlowReading, sum: &Sum) -> SlowPhones {
    SlowPhones {
        phones: sum.slow_phones,
        bytes_per_second: reading.bytes_per_second,
        lagged: sum.tally.lagged,
        told_anew: sum.tally.told_anew,
        delivery: sum.slow_latency.percentiles(),
    }
}

/// Times from the moment of the return, by what the phones themselves took note of.
pub(super) fn storm(returned: Returned, sum: &Sum) -> Storm {
    let seconds = |until_us: u64| until_us.saturating_sub(returned.at_us) as f64 / 1e6;
    Storm {
        sessions: returned.sessions,
        missed: returned.missed,
        live_seconds: returned.is_live.then(|| seconds(sum.last_joined_us)),
        complete_seconds: returned
            .is_complete
            .then(|| seconds(sum.last_joined_us.max(sum.last_entry_us))),
    }
}

/// Times from the moment when the doors opened, by what the phones themselves took note of.
pub(super) fn rush(rush: conduct::Rush, plan: &Plan, sum: &Sum) -> report::Rush {
    let us = sum.last_history_us.saturating_sub(rush.at_us);
    report::Rush {
        sessions: plan.settings.sessions,
        statements: rush.statements,
        statements_max: plan.statements_max,
        seconds: rush.is_whole.then_some(us as f64 / 1e6),
    }
}

pub(super) fn simulator(looks: &[Look], worst_lag: &Times, plan: &Plan) -> SimulatorFigures {
    let [idle, after] = last_two(looks).unwrap_or_else(|| [&looks[0], &looks[0]]);
    let seconds = (after.at - idle.at).as_secs_f64();
    SimulatorFigures {
        process: after.own,
        cpu_share: per(after.own.cpu_s() - idle.own.cpu_s(), seconds),
        lag: worst_lag.percentiles(),
        lag_limit_us: plan.lag_limit.as_micros() as u64,
    }
}

pub(super) fn last_two(looks: &[Look]) -> Option<[&Look; 2]> {
    match looks {
        [.., idle, after] => Some([idle, after]),
        _ => None,
    }
}

/// 0 instead of a division by nothing.
pub(super) fn per(amount: f64, by: f64) -> f64 {
    if by > 0.0 { amount / by } else { 0.0 }
}
