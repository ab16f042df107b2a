try{let t=localStorage.getItem("playground.theme");(t==="light"||t==="dark")&&(document.documentElement.dataset.theme=t)}catch{}
