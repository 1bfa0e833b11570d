//! From what all threads have found out to a report.

use protocol::client::Transport;

use super::{
    Plan, RunError,
    conduct::{Conduct, Look, Returned},
};
use crate::{
    judge::{Evidence, Log, Losses, judge},
    measure::{Host, Times, load_average},
    phone::{Chats, Desk, SlowReading, Tally},
    publisher::Published,
    report::{
        self, AllTimes, Deliveries, Messages, Parameters, Report, ServerFigures, SimulatorFigures, SlowPhones, Storm,
        VERSION,
    },
};

/// All phones of all threads together.
#[derive(Default)]
struct Sum {
    log: Log,
    losses: Losses,
    tally: Tally,
    joined: u64,
    /// The newest offset that any phone has.
    seen: u64,
    latency: Times,
    slow_latency: Times,
    slow_phones: u64,
    chats: ChatSum,
    recovery: Times,
    opening: Times,
    history: Times,
    desks: Vec<Desk>,
    worst_lag: Times,
    /// When the last phone began to follow the room.
    last_joined_us: u64,
    /// When the last entry came to any phone.
    last_entry_us: u64,
}

/// All chats together.
#[derive(Default)]
struct ChatSum {
    count: u64,
    subscriptions: u64,
    due: u64,
    acknowledged: u64,
    deliveries: u64,
    latency: Times,
}

impl ChatSum {
    fn add(&mut self, chats: &Chats) {
        self.count += chats.count() as u64;
        self.subscriptions += chats.subscriptions();
        self.due += chats.due();
        self.acknowledged += chats.acknowledged();
        self.deliveries += chats.deliveries;
        self.latency.add(&chats.latency);
    }
}

/// Ends the threads and judges.
pub(super) async fn conclude(
    plan: Plan,
    mut host: Host,
    mut conduct: Conduct,
    published: Published,
) -> Result<Report, RunError> {
    let mut sum = Sum {
        worst_lag: published.lag.clone(),
        ..Sum::default()
    };
    for findings in conduct.leave(plan.leave).await? {
        sum.add(findings.desk, findings.lag);
    }
    let end = sum.close(&plan, &conduct, &published);
    host.load_after = load_average();
    let evidence = evidence(&plan, &conduct, &published, &sum, end);
    let (verdict, reasons) = judge(&evidence);
    let answers = &published.answers;
    Ok(Report {
        version: VERSION,
        scenario: plan.scenario.name().to_owned(),
        verdict,
        reasons,
        host,
        parameters: parameters(&plan),
        messages: Messages {
            planned: evidence.planned,
            sent: evidence.sent,
            acknowledged: evidence.acknowledged,
            refused: answers.refusals().clone(),
            log_entries: end - conduct.contact.base,
        },
        deliveries: deliveries(&conduct.looks, &sum.tally),
        losses: evidence.losses,
        faults: evidence.faults,
        log_faults: evidence.log,
        times: AllTimes {
            delivery: sum.latency.percentiles(),
            last_phone: sum.log.last_phone(),
            recovery: sum.recovery.percentiles(),
            acknowledgement: answers.times.percentiles(),
            opening: sum.opening.percentiles(),
            history: sum.history.percentiles(),
        },
        server: server(&conduct, sum.joined, sum.tally.deliveries),
        slow: plan.settings.slow.map(|reading| slow(reading, &sum)),
        chats: plan.settings.chats.map(|_| chats(&conduct, &sum)),
        storm: conduct.returned.map(|returned| storm(returned, &sum)),
        simulator: simulator(&conduct.looks, &sum.worst_lag, &plan),
        ends: sum.tally.reasons,
    })
}

impl Sum {
    fn add(&mut self, desk: Desk, lag: Times) {
        self.latency.add(&desk.latency);
        self.slow_latency.add(&desk.slow_latency);
        self.slow_phones += desk.records.iter().filter(|record| record.slow).count() as u64;
        self.chats.add(&desk.chats);
        desk.chats.losses(&mut self.losses);
        self.recovery.add(&desk.recovery);
        self.opening.add(&desk.opening);
        self.history.add(&desk.history);
        self.tally.add(&desk.tally);
        if p99_us(&lag) > p99_us(&self.worst_lag) {
            self.worst_lag = lag;
        }
        let joined_us = desk.records.iter().map(|record| record.joined_us).max();
        self.last_joined_us = self.last_joined_us.max(joined_us.unwrap_or(0));
        self.last_entry_us = self.last_entry_us.max(desk.last_entry_us);
        self.desks.push(desk);
    }

    /// Puts the log together and counts what phones lack; gives the log's end.
    fn close(&mut self, plan: &Plan, conduct: &Conduct, published: &Published) -> u64 {
        let desks = std::mem::take(&mut self.desks);
        self.seen = desks.iter().map(|desk| desk.ledger.end()).max().unwrap_or(0);
        let (end, epoch) = published.end.clone().unwrap_or((conduct.contact.base, String::new()));
        // Others may go on in the same room: nothing but messages of this run stands behind the server's word.
        let own = desks.iter().map(|desk| desk.ledger.end_of_own()).max().unwrap_or(0);
        let end = end.max(own);
        for desk in desks {
            let is_another = !epoch.is_empty() && !desk.epoch.is_empty() && desk.epoch != epoch;
            self.tally.faults.another_epoch += u64::from(is_another);
            self.losses.add(&desk.records, end, plan.settings.history > 0);
            self.joined += desk.records.iter().filter(|record| record.joined).count() as u64;
            self.log.add(desk.ledger.into_entries());
        }
        if !conduct.opened {
            self.losses.never_joined = 0; // they were not given the time
        }
        end
    }
}

fn evidence(plan: &Plan, conduct: &Conduct, published: &Published, sum: &Sum, end: u64) -> Evidence {
    let answers = &published.answers;
    let mut faults = sum.tally.faults;
    faults.altered += sum.log.altered;
    Evidence {
        faults,
        // Without a phone nobody has looked at the log.
        log: if sum.joined > 0 {
            sum.log.judge(answers, sum.seen >= end)
        } else {
            Default::default()
        },
        losses: sum.losses,
        sent: answers.sent_count(),
        planned: plan.settings.publishing.count(),
        acknowledged: answers.acknowledged_count(),
        refused: answers.refusals().values().sum(),
        lag_p99_us: p99_us(&sum.worst_lag),
        lag_limit_us: plan.lag_limit.as_micros() as u64,
        cut_short: conduct.cut_short,
        ended: published.ended.clone().or_else(|| conduct.ended.clone()),
    }
}

fn p99_us(times: &Times) -> u64 {
    times.percentiles().map_or(0, |figures| figures.p99_us)
}

fn parameters(plan: &Plan) -> Parameters {
    let settings = &plan.settings;
    let targets = settings
        .targets
        .iter()
        .map(|target| format!("{}{}", target.authority, target.path));
    Parameters {
        targets: targets.collect(),
        channel: settings.channel.clone(),
        encoding: settings.encoding.subprotocol().to_owned(),
        transport: transport(settings.variant.transport()).to_owned(),
        sessions: settings.sessions,
        threads: settings.threads,
        rate_per_second: plan.rate_per_second,
        shape: plan.shape.to_owned(),
        seconds: settings.lasts.as_secs_f64(),
        message_bytes: settings.message_bytes,
        resume_share: settings.resume_share,
        history: settings.history,
        seed: settings.seed,
    }
}

const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "websocket",
        Transport::HttpStream => "http_stream",
        Transport::Sse => "sse",
    }
}

fn deliveries(looks: &[Look], tally: &Tally) -> Deliveries {
    let seconds = last_two(looks).map_or(0.0, |[idle, after]| (after.at - idle.at).as_secs_f64());
    Deliveries {
        count: tally.deliveries,
        recovered: tally.recovered,
        seconds,
        per_second: per(tally.deliveries as f64, seconds),
        bytes: tally.bytes,
        beside_log: tally.beside,
        cuts: tally.cuts,
        resumed: tally.resumed,
        told_anew: tally.told_anew,
        refused_phones: tally.refused,
    }
}

fn server(conduct: &Conduct, joined: u64, deliveries: u64) -> Option<ServerFigures> {
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
    Some(ServerFigures {
        before,
        idle,
        after,
        rss_per_session_bytes: per(grown_bytes, joined as f64),
        cpu_per_opening_us: per((idle.cpu_s() - before.cpu_s()) * 1e6, joined as f64),
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

fn chats(conduct: &Conduct, sum: &Sum) -> report::Chats {
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

fn slow(reading: SlowReading, sum: &Sum) -> SlowPhones {
    SlowPhones {
        phones: sum.slow_phones,
        bytes_per_second: reading.bytes_per_second,
        lagged: sum.tally.lagged,
        told_anew: sum.tally.told_anew,
        delivery: sum.slow_latency.percentiles(),
    }
}

/// Times from the moment of the return, by what the phones themselves took note of.
fn storm(returned: Returned, sum: &Sum) -> Storm {
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

fn simulator(looks: &[Look], worst_lag: &Times, plan: &Plan) -> SimulatorFigures {
    let [idle, after] = last_two(looks).unwrap_or_else(|| [&looks[0], &looks[0]]);
    let seconds = (after.at - idle.at).as_secs_f64();
    SimulatorFigures {
        process: after.own,
        cpu_share: per(after.own.cpu_s() - idle.own.cpu_s(), seconds),
        lag: worst_lag.percentiles(),
        lag_limit_us: plan.lag_limit.as_micros() as u64,
    }
}

fn last_two(looks: &[Look]) -> Option<[&Look; 2]> {
    match looks {
        [.., idle, after] => Some([idle, after]),
        _ => None,
    }
}

/// 0 instead of a division by nothing.
fn per(amount: f64, by: f64) -> f64 {
    if by > 0.0 { amount / by } else { 0.0 }
}
