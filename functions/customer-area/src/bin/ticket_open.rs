//! The Lambda function of `customer.ticket.open`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::ticket_open)
}
