import { readJobUrl } from "../../runtime/core/job-url";

describe("the address of a job's page", () => {
  it.each([
    ["https://github.com/acme/widgets/actions/runs/1/job/2", "github.com", "2"],
    [
      "https://github.com/acme/widgets/actions/runs/1/job/29679449123456789012?pr=3#step:2:1",
      "github.com",
      "29679449123456789012",
    ],
    ["http://127.0.0.1:4010/acme/widgets/actions/runs/1/job/2/", "127.0.0.1:4010", "2"],
    ["https://GitLab.example/group/project/-/jobs/77", "gitlab.example", "77"],
  ])("%s names its host and id", (url, host, id) => {
    expect(readJobUrl(url)).toEqual({ host, id });
  });

  it.each([
    "",
    "gh/github.com/2",
    "https://github.com/acme/widgets",
    "ftp://x/1",
    "https://u@x/1",
    "https:///1",
    "12345678",
  ])("%s is none", (text) => {
    expect(readJobUrl(text)).toBeUndefined();
  });
});
