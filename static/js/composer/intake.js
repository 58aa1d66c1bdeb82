/** The ways in which files come to the page: the file field, drag and drop anywhere, paste. */

export function listenForFiles({ root, drop, input, add }) {
  const take = () => {
    const files = [...input.files];
    // Else choosing the same file again would be no change.
    input.value = "";
    if (files.length) add(files);
  };
  input.addEventListener("change", take);

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const dragEnds = () => {
    depth = 0;
    delete root.dataset.over;
    delete drop.dataset.over;
  };
  root.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    root.dataset.over = drop.dataset.over = "";
  });
  root.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    if (depth <= 0) dragEnds();
  });
  // Beside the zone too: a file dropped on the page would make the browser leave it.
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    dragEnds();
    add([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });
  // Chosen before this script ran.
  take();
}

/** The files that a person chooses with a file field; none when they change their mind. */
export function pickWith(field) {
  return new Promise((resolve) => {
    const finish = () => {
      field.removeEventListener("change", finish);
      field.removeEventListener("cancel", finish);
      const files = [...field.files];
      field.value = "";
      resolve(files);
    };
    field.addEventListener("change", finish);
    field.addEventListener("cancel", finish);
    field.click();
  });
}
