/** Some of Octokit's packages export nothing to `require`; Node itself loads them all the same. */
module.exports = (request, options) => {
  const conditions = [...(options.conditions ?? []), "import"];
  return options.defaultResolver(request, request.startsWith("@octokit/") ? { ...options, conditions } : options);
};
