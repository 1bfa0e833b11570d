//! From what all threads have found out to a report.

mod figures;

use protocol::client::Transport;

use self::figures::{chats, last_two, per, rush, server, simulator, slow, storm};
use super::{
    Plan, RunError,
    conduct::{Conduct, Look},
};
use crate::{
    judge::{Evidence, Log, Losses, Statements, judge},
    measure::{Host, Times, load_average},
    phone::{Chats, Desk, Tally},
    publisher::Published,
    report::{AllTimes, Deliveries, Messages, Parameters, Report, VERSION},
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
    /// When the last phone had its history.
    last_history_us: u64,
}

/// All chats together.
#[derive(Default)]
struct ChatSum {
    count: u64,
    subscriptions: u64,
    due: u64,
    acknowledged: u64,
    refused: u64,
    deliveries: u64,
    latency: Times,
}

impl ChatSum {
    fn add(&mut self, chats: &Chats) {
        self.count += chats.count() as u64;
        self.subscriptions += chats.subscriptions();
        self.due += chats.due();
        self.acknowledged += chats.acknowledged();
        self.refused += chats.refused;
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
        rush: conduct.rush.map(|seen| rush(seen, &plan, &sum)),
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
        self.last_history_us = self.last_history_us.max(desk.last_history_us);
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
        refused_in_chats: sum.chats.refused,
        lag_p99_us: p99_us(&sum.worst_lag),
        lag_limit_us: plan.lag_limit.as_micros() as u64,
        statements: plan.statements_max.zip(conduct.rush).map(|(most, rush)| Statements {
            seen: rush.statements,
            most,
        }),
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
