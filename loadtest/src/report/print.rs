//! A report as text for people.

use std::fmt;

use super::{Percentiles, Report, ServerFigures, Verdict};

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading(out)?;
        self.counts(out)?;
        self.times(out)?;
        self.chats(out)?;
        self.slow(out)?;
        self.rush(out)?;
        self.storm(out)?;
        self.processes(out)?;
        self.end(out)
    }
}

impl Report {
    fn heading(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, asked) = (&self.host, &self.parameters);
        writeln!(out, "{} on {}", self.scenario, host.date)?;
        writeln!(
            out,
            "  host        {} × {}, Linux {}, {} of memory, load {} → {}",
            host.processors,
            host.processor,
            host.kernel,
            bytes(host.memory_bytes as f64),
            host.load_before,
            host.load_after
        )?;
        writeln!(
            out,
            "  asked for   {} phones in {} by {} over {}, {} threads, seed {}",
            grouped(asked.sessions),
            asked.channel,
            asked.encoding,
            asked.transport,
            asked.threads,
            asked.seed
        )?;
        writeln!(
            out,
            "              {} messages per second ({}) of {} bytes for {} s, {} % cut and come back, history {}",
            asked.rate_per_second,
            asked.shape,
            asked.message_bytes,
            asked.seconds,
            asked.resume_share * 100.0,
            asked.history
        )?;
        writeln!(out, "              at {}", asked.targets.join(", "))
    }

    fn counts(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (messages, deliveries) = (&self.messages, &self.deliveries);
        writeln!(
            out,
            "  messages    {} sent of {}, {} acknowledged, {} entries in the log",
            grouped(messages.sent),
            grouped(messages.planned),
            grouped(messages.acknowledged),
            grouped(messages.log_entries)
        )?;
        for (answer, count) in &messages.refused {
            writeln!(out, "              {} refused: {answer}", grouped(*count))?;
        }
        writeln!(
            out,
            "  deliveries  {} in {:.1} s, {} per second, {} received",
            grouped(deliveries.count),
            deliveries.seconds,
            grouped(deliveries.per_second as u64),
            bytes(deliveries.bytes as f64)
        )?;
        writeln!(
            out,
            "  returns     {} cut, {} recovered ({} entries), {} away too long, {} phones sent away",
            grouped(deliveries.cuts),
            grouped(deliveries.resumed),
            grouped(deliveries.recovered),
            grouped(deliveries.told_anew),
            grouped(deliveries.refused_phones)
        )?;
        writeln!(
            out,
            "  wrong       {} lost, {} doubled, {} out of order, {} otherwise",
            self.losses.entries() + self.log_faults.acknowledged_missing,
            self.faults.doubled + self.log_faults.doubled,
            self.faults.out_of_order + self.log_faults.out_of_order,
            self.faults.sum() - self.faults.doubled - self.faults.out_of_order
        )
    }

    fn times(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = &self.times;
        let rows = [
            ("delivery", times.delivery),
            ("last phone", times.last_phone),
            ("in chats", self.chats.and_then(|chats| chats.delivery)),
            ("slow phones", self.slow.and_then(|slow| slow.delivery)),
            ("recovery", times.recovery),
            ("acknowledged", times.acknowledgement),
            ("opening", times.opening),
            ("history", times.history),
            ("own lag", self.simulator.lag),
        ];
        writeln!(out, "  in ms            p50       p90       p99     p99.9       max")?;
        for (name, row) in rows {
            if let Some(row) = row {
                times_row(out, name, &row)?;
            }
        }
        Ok(())
    }

    fn processes(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(server) = &self.server {
            writeln!(
                out,
                "  server      {:.0} % of a processor, {} deliveries per processor second, {} resident at the end",
                server.cpu_share * 100.0,
                grouped(server.deliveries_per_cpu_second as u64),
                bytes(server.after.rss_bytes as f64)
            )?;
            writeln!(
                out,
                "              per phone {} and {:.0} µs of processor for opening",
                bytes(server.rss_per_session_bytes),
                server.cpu_per_opening_us
            )?;
            server_lines(out, server)?;
        }
        writeln!(
            out,
            "  simulator   {:.0} % of a processor, {} resident",
            self.simulator.cpu_share * 100.0,
            bytes(self.simulator.process.rss_bytes as f64)
        )
    }

    fn chats(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(chats) = &self.chats else { return Ok(()) };
        writeln!(
            out,
            "  chats       {} of two with {} subscriptions, {} each; {} of {} messages acknowledged, {} deliveries",
            grouped(chats.chats),
            grouped(chats.subscriptions),
            bytes(chats.rss_per_chat_bytes),
            grouped(chats.acknowledged),
            grouped(chats.messages),
            grouped(chats.deliveries)
        )
    }

    fn slow(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(slow) = &self.slow else { return Ok(()) };
        writeln!(
            out,
            "  slow        {} phones read {} per second: {} ends of subscriptions for being behind, {} told that it was too much",
            grouped(slow.phones),
            bytes(slow.bytes_per_second.into()),
            grouped(slow.lagged),
            grouped(slow.told_anew)
        )
    }

    fn rush(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rush) = &self.rush else { return Ok(()) };
        write!(out, "  rush        {} phones opened the room: ", grouped(rush.sessions))?;
        match rush.statements {
            Some(count) => write!(out, "{} statements reached the store", grouped(count))?,
            None => write!(out, "the server does not say how many statements reached the store")?,
        }
        if let Some(most) = rush.statements_max {
            write!(out, " ({} allowed)", grouped(most))?;
        }
        match rush.seconds {
            Some(seconds) => writeln!(out, ", the last had its pages after {seconds:.2} s"),
            None => writeln!(out, ", not all had their pages"),
        }
    }

    fn storm(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(storm) = &self.storm else { return Ok(()) };
        let seconds = |seconds: Option<f64>| seconds.map_or("never".to_owned(), |seconds| format!("{seconds:.2} s"));
        writeln!(
            out,
            "  storm       {} phones back at once, {} messages missed: all live after {}, complete after {}",
            grouped(storm.sessions),
            grouped(storm.missed),
            seconds(storm.live_seconds),
            seconds(storm.complete_seconds)
        )
    }

    fn end(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reason, count) in &self.ends {
            writeln!(out, "  {} × {reason}", grouped(*count))?;
        }
        let word = match self.verdict {
            Verdict::Held => "HELD",
            Verdict::Failed => "FAILED",
            Verdict::Invalid => "INVALID",
        };
        write!(out, "{word}")?;
        let mut before = ": ";
        for reason in &self.reasons {
            write!(out, "{before}{reason}")?;
            before = "; ";
        }
        writeln!(out)
    }
}

fn server_lines(out: &mut fmt::Formatter<'_>, server: &ServerFigures) -> fmt::Result {
    write!(
        out,
        "              at most {} resident",
        bytes(server.rss_max_bytes as f64)
    )?;
    if let Some(kernel) = server.kernel_socket_bytes_max {
        write!(out, " and {} in the kernel for sockets", bytes(kernel as f64))?;
    }
    writeln!(out)?;
    if server.rest_seconds > 0.0 {
        writeln!(
            out,
            "              idle phones {:.1} µs of processor per phone and second, over {:.1} s",
            server.idle_cpu_us_per_session_second, server.rest_seconds
        )?;
    }
    if let Some(left) = server.left {
        let (left, before) = (bytes(left.rss_bytes as f64), bytes(server.before.rss_bytes as f64));
        writeln!(out, "              after leaving: RSS {left}, before {before}")?;
    }
    Ok(())
}

fn times_row(out: &mut fmt::Formatter<'_>, name: &str, row: &Percentiles) -> fmt::Result {
    write!(out, "    {name:<12}")?;
    for time_us in [row.p50_us, row.p90_us, row.p99_us, row.p999_us, row.max_us] {
        write!(out, "{:>10.1}", time_us as f64 / 1_000.0)?;
    }
    writeln!(out)
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: f64) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let mut scaled = number;
    let mut unit = 0;
    while scaled.abs() >= 1_000.0 && unit + 1 < UNITS.len() {
        scaled /= 1_000.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_written_for_people() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [12.0, 4_400.0, -2_500_000.0].map(bytes),
            ["12.0 B", "4.4 KB", "-2.5 MB"]
        );
    }
}
