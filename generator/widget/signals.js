// @ts-check
// What the signals of other companies' tags have in common.

/** Whether every purpose that names a signal is granted. @param {Answers} answers @param {string} signal */
function granted(answers, signal) {
  const named = purposes.filter(({ signals }) => signals?.includes(signal));
  return named.length > 0 && named.every(({ id }) => allows(answers, id));
}
