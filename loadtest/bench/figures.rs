//! Numbers as the table shows them.

use loadtest::report::{Percentiles, ProcessSample, Report, ServerFigures};

use crate::failure::{Failure, Outcome};

/// `numerator / denominator`, 0 for nothing.
pub(crate) fn per(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 {
        numerator / denominator
    } else {
        0.0
    }
}

/// The server's figures of a report.
pub(crate) fn server(report: &Report) -> Outcome<&ServerFigures> {
    let missing = || Failure::new("the simulator could not look at the server's process");
    report.server.as_ref().ok_or_else(missing)
}

/// Microseconds of the server's processor time for one delivery, between idle and the last delivery.
pub(crate) fn cpu_per_delivery_us(report: &Report) -> Outcome<f64> {
    let server = server(report)?;
    let spent_s = server.after.cpu_s() - server.idle.cpu_s();
    Ok(per(spent_s * 1e6, report.deliveries.count as f64))
}

/// Microseconds of the kernel's part of opening, by phone.
pub(crate) fn opening_kernel_us(report: &Report) -> Outcome<f64> {
    let server = server(report)?;
    let spent_s = server.idle.cpu_system_s - server.before.cpu_system_s;
    Ok(per(spent_s * 1e6, report.parameters.sessions as f64))
}

/// Milliseconds that 99 of 100 were at most.
pub(crate) fn p99_ms(times: Option<&Percentiles>) -> f64 {
    times.map_or(0.0, |times| times.p99_us as f64 / 1_000.0)
}

/// `12.3 µs`.
pub(crate) fn microseconds(time_us: f64) -> String {
    if time_us >= 100.0 {
        format!("{time_us:.0} µs")
    } else if time_us >= 10.0 {
        format!("{time_us:.1} µs")
    } else {
        format!("{time_us:.2} µs")
    }
}

/// `12 ms`, `1.2 s`.
pub(crate) fn milliseconds(time_ms: f64) -> String {
    if time_ms >= 10_000.0 {
        format!("{:.1} s", time_ms / 1_000.0)
    } else if time_ms >= 10.0 {
        format!("{time_ms:.0} ms")
    } else {
        format!("{time_ms:.2} ms")
    }
}

/// `83.2 µs`, `1.37 ms`.
pub(crate) fn duration(time_ms: f64) -> String {
    if time_ms < 1.0 {
        microseconds(time_ms * 1e3)
    } else {
        milliseconds(time_ms)
    }
}

/// `950`, `12.3 k`, `4.56 M`.
pub(crate) fn count(number: f64) -> String {
    if number >= 1e6 {
        format!("{:.2} M", number / 1e6)
    } else if number >= 10_000.0 {
        format!("{:.0} k", number / 1e3)
    } else if number >= 1_000.0 {
        format!("{:.1} k", number / 1e3)
    } else {
        format!("{number:.0}")
    }
}

/// `4.1 KB`, `812 MB`; thousands, not 1,024.
pub(crate) fn bytes(number: f64) -> String {
    if number >= 1e9 {
        format!("{:.2} GB", number / 1e9)
    } else if number >= 1e7 {
        format!("{:.0} MB", number / 1e6)
    } else if number >= 1e6 {
        format!("{:.1} MB", number / 1e6)
    } else if number >= 1e3 {
        format!("{:.2} KB", number / 1e3)
    } else {
        format!("{number:.0} B")
    }
}

/// A share, without decimals.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// `1.07 ×`.
pub(crate) fn times(factor: f64) -> String {
    if factor >= 10.0 {
        format!("{factor:.1} ×")
    } else {
        format!("{factor:.2} ×")
    }
}

/// Resident memory in words.
pub(crate) fn resident(sample: &ProcessSample) -> String {
    bytes(sample.rss_bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_about_three_digits() {
        assert_eq!(
            [9.876, 12.34, 1_234.5].map(microseconds),
            ["9.88 µs", "12.3 µs", "1234 µs"]
        );
        assert_eq!([1.5, 95.4, 12_000.0].map(milliseconds), ["1.50 ms", "95 ms", "12.0 s"]);
        assert_eq!(
            [12.0, 1_250.0, 107_000.0, 8_200_000.0].map(count),
            ["12", "1.2 k", "107 k", "8.20 M"]
        );
        assert_eq!(
            [812.0, 4_400.0, 3_200_000.0, 15e9].map(bytes),
            ["812 B", "4.40 KB", "3.2 MB", "15.00 GB"]
        );
        assert_eq!([0.0832, 1.371].map(duration), ["83.2 µs", "1.37 ms"]);
        assert_eq!([1.066, 20.04].map(times), ["1.07 ×", "20.0 ×"]);
        assert_eq!(per(1.0, 0.0), 0.0);
    }
}
