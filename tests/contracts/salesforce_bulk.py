"""What the core expects of Salesforce's bulk queries: a job is made, looked at and read as CSV."""

from tests.contracts.exchange import TEXT_CSV, Case, Exchange, injected, like, shaped

JOB = "750000000000001AAA"
FIRST = "800000000000001AAA"


def cases(api: str, given: tuple[tuple[str, dict[str, str]], ...], token: object, text: str) -> tuple[Case, ...]:
    """The cases; `given`: signed in, with one activated contract of subscription sub-1; `text`: the query of all."""
    done = (*given, ("a bulk query that is done", {"query": text}))
    columns = [name.strip() for name in text.removeprefix("SELECT ").partition(" FROM ")[0].split(",")]
    heads = ",".join(f'"{name}"' for name in columns)
    values = [
        FIRST,
        "sub-1",
        "",
        "USD",
        "2026-02-01",
        "2027-01-31",
        "Activated",
        "120000.0",
        "2026-01-05T09:00:00.000Z",
    ]
    page = f"{heads}\n" + ",".join(f'"{value}"' for value in values) + "\n"
    row = '"800[0-9A-Za-z]{15}","sub-1",' + ",".join(['"[^"]*"'] * (len(columns) - 2))

    def of_job(says: str, rest: str, **more: object) -> Exchange:
        path = injected(f"{api}/jobs/query/{JOB}{rest}", f"{api}/jobs/query/${{job}}{rest}")
        return Exchange(says, done, "GET", path, authorized=token, **more)  # type: ignore[arg-type]

    return (
        Case("book by a bulk job", lambda org: org._bulk.rows(text, "query"), (
            Exchange("a job for a query of many rows", given, "POST", f"{api}/jobs/query", authorized=token,
                     sends={"operation": "query", "query": text},
                     answers={"id": shaped(JOB, "^750[0-9A-Za-z]{15}$"), "state": like("UploadComplete")}),
            of_job("how far a job is", "", answers={"state": "JobComplete"}),
            of_job("the rows of a job", "/results", query={"maxRecords": "50000"},
                   answers_text=(page, f"^{heads}\n{row}\n$", TEXT_CSV),
                   answer_headers={"sforce-numberofrecords": "1", "sforce-locator": "null"}),
        ), lambda rows: [row["Subscription_Id__c"] for row in rows] == ["sub-1"]),
    )  # fmt: skip
